/** What is watched, the memory and the time left, beside what a step always said. */
export const MORE_OF_EACH_STEP = `
alter table training_steps add column validation_loss real;
alter table training_steps add column memory_mb real;
alter table training_steps add column seconds_left real;
`
