/** Filters as clients send them, checked before they reach a statement. */
import { z } from 'zod'
import type { DocumentFilter, MetadataCondition } from '../domain.js'
import { DocentError } from '../errors.js'

const MAX_VALUES = 1000
const MAX_PARTS = 100
const MAX_DEPTH = 10

const value = z.union([z.string(), z.number(), z.boolean()])
const ordered = value.refine((given) => typeof given !== 'boolean', 'must be a string or a number')
/** A path of SQLite's JSON functions cannot hold a quote. */
const key = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^"]*$/, 'must hold no quotes')

const conditionSchema = z.object({
  key,
  eq: value.nullish(),
  in: z.array(value).max(MAX_VALUES).nullish(),
  lt: ordered.nullish(),
  gt: ordered.nullish(),
  exists: z.boolean().nullish(),
})

const partSchema = z.object({
  documentIds: z.array(z.string().min(1)).max(MAX_VALUES).nullish(),
  metadata: z.array(conditionSchema).max(MAX_PARTS).nullish(),
  tags: z.array(z.string().min(1)).max(MAX_PARTS).nullish(),
  language: z.string().min(1).max(35).nullish(),
  get and() {
    return z.array(partSchema).max(MAX_PARTS).nullish()
  },
  get or() {
    return z.array(partSchema).max(MAX_PARTS).nullish()
  },
  get not() {
    return partSchema.nullish()
  },
})

export type FilterInput = z.input<typeof partSchema>

/** Null and left out are the same, at every depth. */
export const filterSchema = partSchema
  .nullish()
  .refine((filter) => depthOf(filter) <= MAX_DEPTH, `is nested deeper than ${MAX_DEPTH}`)
  .transform((filter): DocumentFilter => (filter ? withoutNulls(filter) : {}))

/** @throws INVALID_INPUT naming the part that is wrong */
export function parseFilter(input: FilterInput | null | undefined): DocumentFilter {
  const parsed = filterSchema.safeParse(input)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new DocentError('INVALID_INPUT', `${['filter', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`)
}

function depthOf(filter: FilterInput | null | undefined): number {
  if (!filter) return 0
  const parts = [...(filter.and ?? []), ...(filter.or ?? []), filter.not]
  return 1 + Math.max(0, ...parts.map(depthOf))
}

function withoutNulls({ metadata, and, or, not, ...rest }: z.output<typeof partSchema>): DocumentFilter {
  return given({
    ...rest,
    metadata: metadata?.map((condition) => given(condition) as MetadataCondition),
    and: and?.map(withoutNulls),
    or: or?.map(withoutNulls),
    not: not ? withoutNulls(not) : undefined,
  }) as DocumentFilter
}

const given = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, field]) => field != null))
