import { readFile } from 'node:fs/promises'
import { parse, printSchema, validate } from 'graphql'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { EXAMPLE_OPERATIONS } from '../../src/graphql/examples.js'
import { createSchema } from '../../src/graphql/schema.js'

const schema = createSchema()

test('schema.graphql is the schema as it is printed (npm run docs)', async () => {
  expect(await readFile(`${packageRoot}schema.graphql`, 'utf8')).toBe(`${printSchema(schema)}\n`)
})

test('the operations that GraphiQL opens with fit the schema', () => {
  for (const query of EXAMPLE_OPERATIONS) expect(validate(schema, parse(query))).toEqual([])
})

test('connections are Relay connections: edges with cursors, and pageInfo', () => {
  const printed = printSchema(schema)
  for (const noun of ['Document', 'Job', 'Interaction', 'Correction', 'TrainingRun', 'NearDuplicate']) {
    expect(printed).toContain(`type ${noun}Connection {\n  edges: [${noun}Edge!]!\n  pageInfo: PageInfo!\n}`)
    expect(printed).toContain(`type ${noun}Edge {\n  cursor: String!\n  node: ${noun}!\n}`)
  }
})

test('the names that clients rely on are there', () => {
  const named = (root: string) => Object.keys(fieldsOf(root))
  expect(named('Query')).toEqual(
    expect.arrayContaining([
      ...['ask', 'search', 'document', 'documents', 'job', 'jobs', 'interactions', 'corrections'],
      ...['run', 'runs', 'modelVersion', 'modelVersions', 'health'],
    ]),
  )
  expect(named('Mutation')).toEqual(
    expect.arrayContaining([
      ...['addDocument', 'deleteDocument', 'submitFeedback', 'reviewCorrection', 'startTraining', 'cancelJob'],
      ...['promoteModel', 'rollbackModel'],
    ]),
  )
  expect(named('Subscription')).toEqual(['jobProgress', 'nearDuplicatesProgress', 'trainingProgress'])
})

function fieldsOf(root: string): object {
  const type =
    { Query: schema.getQueryType(), Mutation: schema.getMutationType() }[root] ?? schema.getSubscriptionType()
  return type?.getFields() ?? {}
}
