/** What `ask` and `search` accept, checked field by field before anything is looked up. */
import { z } from 'zod'
import { DocentError } from '../errors.js'
import { filterSchema as filter } from '../store/filter-schema.js'
import { requireCollection } from '../store/find-collection.js'
import type { CollectionReader } from '../store/store.js'

const MAX_QUESTION_LENGTH = 2000
const MAX_TURNS = 20
const MAX_IDS = 1000

const question = z
  .string()
  .max(MAX_QUESTION_LENGTH, `must have at most ${MAX_QUESTION_LENGTH} characters`)
  .refine((text) => text.trim() !== '', 'must not be empty')
const ids = z.array(z.string().min(1)).max(MAX_IDS)
const perDocument = z.number().int().min(1).max(50).optional()

const askSchema = z.object({
  question,
  history: z
    .array(z.object({ question: z.string().max(MAX_QUESTION_LENGTH), answer: z.string().nullable() }))
    .max(MAX_TURNS)
    .default([]),
  collectionIds: ids.default([]),
  filter,
  topK: z.number().int().min(1).max(50).default(8),
  perDocument,
  maxAnswers: z.number().int().min(1).max(20).default(3),
  minConfidence: z.number().min(0).max(1).default(0),
})

const searchSchema = z.object({
  query: question,
  collectionIds: ids.default([]),
  filter,
  first: z.number().int().min(1).max(50).default(10),
  perDocument,
  rerank: z.boolean().default(false),
})

export type AskInput = z.input<typeof askSchema>
export type AskRequest = z.output<typeof askSchema>
export type SearchInput = z.input<typeof searchSchema>

/** @throws INVALID_INPUT naming the field */
export const parseAsk = (input: AskInput): AskRequest => parse(askSchema, input)
/** @throws INVALID_INPUT naming the field */
export const parseSearch = (input: SearchInput) => parse(searchSchema, input)

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new DocentError('INVALID_INPUT', `${issue?.path.join('.') || 'input'}: ${issue?.message}`)
}

/** Ids for the ids and names given. @throws COLLECTION_NOT_FOUND */
export async function collectionIdsOf(collections: CollectionReader, idsOrNames: readonly string[]): Promise<string[]> {
  const found = await Promise.all(idsOrNames.map((idOrName) => requireCollection(collections, idOrName)))
  return [...new Set(found.map(({ id }) => id))]
}
