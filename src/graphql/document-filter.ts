/** The filter of documents that `ask`, `search` and `documents` take. */
import { GraphQLError, Kind } from 'graphql'
import type { MetadataValue } from '../domain.js'
import type { FilterInput } from '../store/filter-schema.js'
import { builder } from './builder.js'

const isMetadataValue = (value: unknown): value is MetadataValue =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))

const refuse = () => new GraphQLError('MetadataValue must be a string, a number or a boolean.')

builder.scalarType('MetadataValue', {
  description: 'A string, a number or a boolean. Dates are strings in ISO 8601, and compare as such.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (isMetadataValue(value)) return value
    throw refuse()
  },
  parseLiteral: (node) => {
    if (node.kind === Kind.STRING || node.kind === Kind.BOOLEAN) return node.value
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return Number(node.value)
    throw refuse()
  },
})

const MetadataConditionInput = builder.inputType('MetadataCondition', {
  description: 'Everything that is given holds of the metadata under `key`; of a list, of any of its values.',
  fields: (t) => ({
    key: t.string({ required: true }),
    eq: t.field({ type: 'MetadataValue' }),
    in: t.field({ type: ['MetadataValue'] }),
    lt: t.field({ type: 'MetadataValue', description: 'Numbers compare with numbers, strings with strings.' }),
    gt: t.field({ type: 'MetadataValue' }),
    exists: t.boolean(),
  }),
})

export const DocumentFilterInput = builder.inputRef<FilterInput>('DocumentFilter')
DocumentFilterInput.implement({
  description: 'Documents of which everything that is given holds; an empty filter lets all pass.',
  fields: (t) => ({
    documentIds: t.idList({ description: 'Only these documents.' }),
    metadata: t.field({ type: [MetadataConditionInput] }),
    tags: t.stringList({ description: 'Has all of these in its metadata `tags`.' }),
    language: t.string({ description: 'Its metadata `language`: `en` is also `en-GB`.' }),
    and: t.field({ type: [DocumentFilterInput] }),
    or: t.field({ type: [DocumentFilterInput] }),
    not: t.field({ type: DocumentFilterInput }),
  }),
})
