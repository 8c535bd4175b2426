/** When the next retry is due, without a look at every queued job; and which attempts ended with the process. */
export const RETRIES = `
create index jobs_to_retry on jobs (status, run_after) where run_after is not null;
alter table jobs add column deaths integer not null default 0;
`
