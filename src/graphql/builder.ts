/** The schema builder, with the two scalars that GraphQL lacks. Every field is non-null unless it says otherwise. */
import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import { GraphQLError, Kind, type ValueNode } from 'graphql'
import type { JsonObject, MetadataValue } from '../domain.js'
import type { GraphqlContext } from './context.js'

export const builder = new SchemaBuilder<{
  Context: GraphqlContext
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: JsonObject; Output: unknown }
    MetadataValue: { Input: MetadataValue; Output: MetadataValue }
  }
}>({
  defaultFieldNullability: false,
  plugins: [RelayPlugin],
  relay: {
    cursorType: 'String',
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    edgesFieldOptions: { nullable: { list: false, items: false } },
    nodeFieldOptions: { nullable: false },
  },
})

builder.scalarType('DateTime', {
  description: 'A moment as ISO 8601 in UTC, for example 2026-01-31T12:00:00.000Z.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const moment = new Date(String(value))
    if (Number.isNaN(moment.getTime())) throw new GraphQLError(`DateTime cannot be ${JSON.stringify(value)}.`)
    return moment
  },
})

builder.scalarType('JSON', {
  description: 'A JSON object.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new GraphQLError('JSON must be an object.')
    }
    return value as JsonObject
  },
  parseLiteral: (node, variables) => {
    if (node.kind !== Kind.OBJECT) throw new GraphQLError('JSON must be an object.')
    return literalValue(node, variables ?? {}) as JsonObject
  },
})

function literalValue(node: ValueNode, variables: Readonly<Record<string, unknown>>): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, literalValue(field.value, variables)]))
    case Kind.LIST:
      return node.values.map((value) => literalValue(value, variables))
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value)
    case Kind.NULL:
      return null
    case Kind.VARIABLE:
      return variables[node.name.value]
    default:
      return node.value
  }
}

builder.queryType({})
builder.mutationType({})
builder.subscriptionType({})
