/** What an interaction's confidence was computed from, as JSON: null where an earlier release asked. */
export const DECISIONS = `
alter table interactions add column decision text not null default 'null';
`
