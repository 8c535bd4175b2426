import { type RawBuilder, sql } from 'kysely'

/** One parameter for any number of values, so that the statement's text stays the same. */
export const oneOf = <T extends string | number>(values: readonly T[]): RawBuilder<T> =>
  sql`(select value from json_each(${JSON.stringify(values)}))`
