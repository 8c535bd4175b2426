/** A filter as a condition over rows of `documents`. Values are parameters; the text of the statement holds none of them. */
import { type RawBuilder, sql } from 'kysely'
import type { DocumentFilter, MetadataCondition, MetadataValue } from '../../domain.js'
import { oneOf } from './one-of.js'

type Condition = RawBuilder<unknown>

/** Null: every document. */
export function documentCondition(filter: DocumentFilter): Condition | null {
  const conditions: Condition[] = []
  if (filter.documentIds) conditions.push(sql`documents.id in ${oneOf(filter.documentIds)}`)
  for (const condition of filter.metadata ?? []) conditions.push(...metadataConditions(condition))
  for (const tag of filter.tags ?? []) conditions.push(anyValue('tags', comparison('=', tag)))
  if (filter.language !== undefined) conditions.push(languageIs(filter.language))
  for (const part of filter.and ?? []) conditions.push(documentCondition(part) ?? sql`1`)
  if (filter.or)
    conditions.push(
      joined(
        filter.or.map((part) => documentCondition(part) ?? sql`1`),
        'or',
      ),
    )
  if (filter.not) conditions.push(sql`not (${documentCondition(filter.not) ?? sql`1`})`)
  return conditions.length === 0 ? null : joined(conditions, 'and')
}

/** None of none is false, all of none is true. */
function joined(conditions: readonly Condition[], word: 'and' | 'or'): Condition {
  if (conditions.length === 0) return word === 'and' ? sql`1` : sql`0`
  return sql`(${sql.join(conditions, word === 'and' ? sql` and ` : sql` or `)})`
}

function* metadataConditions({ key, eq, in: values, lt, gt, exists }: MetadataCondition): Generator<Condition> {
  if (eq !== undefined) yield anyValue(key, comparison('=', eq))
  if (values !== undefined)
    yield anyValue(
      key,
      joined(
        values.map((value) => comparison('=', value)),
        'or',
      ),
    )
  if (lt !== undefined) yield anyValue(key, comparison('<', lt))
  if (gt !== undefined) yield anyValue(key, comparison('>', gt))
  if (exists !== undefined) {
    const isThere = anyValue(key, sql`each.type != 'null'`)
    yield exists ? isThere : sql`not ${isThere}`
  }
}

/** Of a list, any of its values will do. */
const anyValue = (key: string, holds: Condition): Condition =>
  sql`exists (select 1 from json_each(documents.metadata, ${`$."${key}"`}) as each where ${holds})`

/** Values of different types are neither equal nor less nor greater. Dates in ISO 8601 compare as text. */
function comparison(operator: '=' | '<' | '>', value: MetadataValue): Condition {
  if (typeof value === 'boolean') return operator === '=' ? sql`each.type = ${String(value)}` : sql`0`
  const types = typeof value === 'number' ? sql`('integer', 'real')` : sql`('text')`
  return sql`each.type in ${types} and each.value ${sql.raw(operator)} ${value}`
}

/** `en` is also `en-GB`. */
function languageIs(language: string): Condition {
  const code = language.toLowerCase()
  return anyValue('language', sql`(lower(each.value) = ${code} or lower(each.value) like ${`${code}-%`})`)
}
