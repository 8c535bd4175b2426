/** When the next retry is due, without a look at every queued job. */
export const RETRIES = `
create index jobs_to_retry on jobs (status, run_after) where run_after is not null;
`
