import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXAMPLE_OPERATIONS } from '../../src/graphql/examples.js'
import { endedJob } from '../support/jobs.js'
import { type Folders, makeFolders, startServer, type TestServer } from '../support/start-server.js'
import { formOf, upload } from '../support/upload.js'

const HANDBOOK = `# Leave

## Parental leave

Parents of a newborn child may take twelve weeks of paid leave. 🎈 The leave begins on the day of the birth.

## Sick leave

Call your supervisor before nine. A doctor's note is needed from the fourth day on.
`

let folders: Folders
let server: TestServer

beforeAll(async () => {
  folders = await makeFolders()
  server = await startServer(folders, { DOCENT_MAX_UPLOAD_BYTES: '200000' })
})
afterAll(async () => {
  await server?.stop()
  await folders?.remove()
})

const ASK = `query($question: String!, $topK: Int, $history: [TurnInput!], $collections: [ID!], $filter: DocumentFilter) {
  ask(question: $question, topK: $topK, history: $history, collections: $collections, filter: $filter) {
    interactionId abstained noAnswerProbability modelVersion resolvedQuestion
    answers { id text confidence start end documentVersion context contextStart document { id title status text } }
    passages { text start end document { id } }
    timings { totalMs }
  }
}`

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

const ask = async (variables: object): Promise<Any> => (await server.client.graphql<Any>(ASK, { ...variables })).ask

/** Each a document of its own: the same bytes under two names would be one. */
async function addHandbook(externalId: string): Promise<string> {
  const content = `${HANDBOOK}\nThis is the ${externalId} handbook.\n`
  const { body } = await upload(server.url, [{ name: 'leave.md', content }], { externalId })
  const [job] = body.jobs
  expect(await endedJob(server.client, job?.id ?? '')).toMatchObject({ status: 'SUCCEEDED' })
  return job?.payload.documentId ?? ''
}

const post = (path: string, body: string | FormData, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${path}`, { method: 'POST', body, headers })
const postJson = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  post(path, JSON.stringify(body), { 'content-type': 'application/json', ...headers })

test('an uploaded file is ingested, asked, and quoted verbatim', async () => {
  const documentId = await addHandbook('verbatim')
  const result = await ask({ question: 'How many weeks of paid leave may parents take?' })
  expect(result.abstained).toBe(false)
  expect(result.modelVersion).toBe('tiny-1')
  expect(result.passages.some((passage: Any) => passage.document.id === documentId)).toBe(true)
  for (const { text, start, end, context, contextStart, document } of result.answers) {
    expect(document.text.slice(start, end)).toBe(text)
    expect(context.slice(start - contextStart, end - contextStart)).toBe(text)
  }
  const stored = await server.client.graphql<Any>(
    'query($id: ID!) { interaction(id: $id) { question answers { text } passages { start } modelVersion } }',
    { id: result.interactionId },
  )
  expect(stored.interaction).toMatchObject({
    question: 'How many weeks of paid leave may parents take?',
    answers: result.answers.map(({ text }: Any) => ({ text })),
    modelVersion: 'tiny-1',
  })
})

test('search finds the passage by its words', async () => {
  await addHandbook('search')
  const { search } = await server.client.graphql<Any>('{ search(query: "doctor note fourth day", first: 1) { text } }')
  expect(search[0].text).toContain("doctor's note")
})

test('the text of a document is read back over REST', async () => {
  const documentId = await addHandbook('read-back')
  const response = await fetch(`${server.url}/documents/${documentId}/text`)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(response.headers.get('docent-document-version')).toBe('1')
  expect(await response.text()).toContain('🎈 The leave begins')
})

test('the same upload again changes nothing, another text makes the next version', async () => {
  const documentId = await addHandbook('versions')
  const version = async () =>
    (await server.client.graphql<Any>('query($id: ID!) { document(id: $id) { currentVersion } }', { id: documentId }))
      .document.currentVersion
  await addHandbook('versions')
  expect(await version()).toBe(1)
  const { body } = await upload(server.url, [{ name: 'leave.md', content: `${HANDBOOK}\nMore.` }], {
    externalId: 'versions',
  })
  await endedJob(server.client, body.jobs[0]?.id ?? '')
  expect(await version()).toBe(2)
  expect((await fetch(`${server.url}/documents/${documentId}/text?version=1`)).status).toBe(200)
})

const put = (id: string, body: FormData | string, headers: Record<string, string> = {}, query = '') =>
  fetch(`${server.url}/documents/${id}${query}`, { method: 'PUT', body, headers })

async function accepted(response: Response): Promise<Any> {
  expect(response.status).toBe(202)
  const { job } = (await response.json()) as Any
  return endedJob(server.client, job.id)
}

test('PUT makes the next version of a document: a form with its file, or the bytes themselves', async () => {
  const id = await addHandbook('put')
  const form = formOf([{ name: 'leave.md', content: '# Leave\n\nThirteen weeks.' }], { metadata: '{"year": 2026}' })
  expect(await accepted(await put(id, form))).toMatchObject({ status: 'SUCCEEDED' })
  const raw = await put(id, '# Leave\n\nFourteen weeks.', { 'content-type': 'text/markdown' })
  expect(await accepted(raw)).toMatchObject({ status: 'SUCCEEDED' })
  // As the file before it was read.
  await accepted(await put(id, '# Leave\n\nFifteen weeks.', { 'content-type': 'application/octet-stream' }))
  const again = { 'content-type': 'text/markdown' }
  expect(await accepted(await put(id, '# Leave\n\nFifteen weeks.', again, '?reparse=true'))).toMatchObject({
    progress: { stage: 'nothing new' },
  })
  const { document } = await server.client.graphql<Any>(
    `query($id: ID!) { document(id: $id) {
      text old: text(version: 2) metadata names currentVersion versions { version mediaType fileName isCurrent originalHash }
    } }`,
    { id },
  )
  expect(document).toMatchObject({
    ...{ text: 'Leave\n\nFifteen weeks.', old: 'Leave\n\nThirteen weeks.', currentVersion: 4 },
    ...{ metadata: { year: 2026 }, names: ['put'] },
  })
  expect(document.versions.map(({ version, isCurrent }: Any) => [version, isCurrent])).toEqual([
    [4, true],
    [3, false],
    [2, false],
    [1, false],
  ])
})

test.each([
  ['of an unknown document', 'none', 'text', { 'content-type': 'text/plain' }, 404, 'DOCUMENT_NOT_FOUND'],
  ['of a type that nobody reads', '', 'x', { 'content-type': 'video/mp4' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['without bytes', '', '', { 'content-type': 'text/plain' }, 422, 'EMPTY_DOCUMENT'],
  ['of another name', '', formOf([{ name: 'a.md', content: 'a' }], { externalId: 'b' }), {}, 400, 'INVALID_INPUT'],
])('PUT %s is refused with its own code', async (_, id, body, headers, status, code) => {
  const response = await put(id || (await addHandbook('put-refused')), body, headers as Record<string, string>)
  expect(response.status).toBe(status)
  expect(((await response.json()) as Any).error.code).toBe(code)
})

test('over GraphQL a document is changed, restored, found by its names and loses them', async () => {
  const { client } = server
  const { addDocument } = await client.graphql<Any>(
    'mutation($input: AddDocumentInput!) { addDocument(input: $input) { id document { id } } }',
    {
      input: { title: 'Rules', text: '# One', mediaType: 'text/markdown', externalId: 'rules/1', collection: 'rules' },
    },
  )
  await endedJob(client, addDocument.id)
  const { id } = addDocument.document
  const update = async (input: object) => {
    const { updateDocument } = await client.graphql<Any>(
      'mutation($id: ID!, $input: UpdateDocumentInput!) { updateDocument(id: $id, input: $input) { id } }',
      { id, input },
    )
    return endedJob(client, updateDocument.id)
  }
  const read = async () =>
    (await client.graphql<Any>('query($id: ID!) { document(id: $id) { title text metadata } }', { id })).document
  await update({ text: '# Two', metadata: { a: 1 } })
  expect(await read()).toEqual({ title: 'Rules', text: 'Two', metadata: { a: 1 } })
  await update({ title: '' })
  expect(await read()).toMatchObject({ title: 'Two' })
  const restore = (version: number) =>
    client.graphql<Any>('mutation($id: ID!, $version: Int!) { restoreDocument(id: $id, version: $version) { id } }', {
      ...{ id, version },
    })
  await endedJob(client, (await restore(1)).restoreDocument.id)
  expect(await read()).toEqual({ title: 'One', text: 'One', metadata: { a: 1 } })
  await expect(restore(9)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' })

  const files = [{ name: 'one.md', content: '# One' }]
  const { body } = await upload(server.url, files, { externalId: 'rules/2', collection: 'rules' })
  expect(body.jobs[0]?.payload.documentId).toBe(id)
  const names = async () => {
    const query = `{ documentNames(collection: "rules", prefix: "rules/") {
      edges { node { name originalHash document { id } } } } }`
    return (await client.graphql<Any>(query)).documentNames.edges.map(({ node }: Any) => node)
  }
  const both = await names()
  expect(both).toMatchObject([
    { name: 'rules/1', document: { id } },
    { name: 'rules/2', document: { id } },
  ])
  expect(both[0].originalHash).toMatch(/^[0-9a-f]{64}$/)
  const remove = (name: string) =>
    client.graphql<Any>(
      `mutation($name: String!) { deleteDocumentName(collection: "rules", name: $name) { document { status names } } }`,
      { name },
    )
  expect((await remove('rules/1')).deleteDocumentName.document).toEqual({ status: 'READY', names: ['rules/2'] })
  expect((await remove('rules/2')).deleteDocumentName.document).toEqual({ status: 'DELETED', names: [] })
  expect(await names()).toEqual([])
  await expect(remove('rules/2')).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
})

test('a deleted document is found no more, and its citation is a tombstone without its text', async () => {
  const documentId = await addHandbook('deleted')
  const before = await ask({ question: 'When does the leave begin?', filter: { documentIds: [documentId] } })
  await server.client.graphql('mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id: documentId })
  const after = await ask({ question: 'When does the leave begin?', topK: 50 })
  expect(after.passages.map((passage: Any) => passage.document.id)).not.toContain(documentId)
  const { interaction } = await server.client.graphql<Any>(
    `query($id: ID!) { interaction(id: $id) { passages { document { id title status } }
      answers { text context start end document { id } } } }`,
    { id: before.interactionId },
  )
  expect(before.answers).not.toEqual([])
  const emptied = { text: '', context: '', document: { id: documentId } }
  expect(interaction.answers).toEqual(before.answers.map(({ start, end }: Any) => ({ ...emptied, start, end })))
  expect(interaction.passages.map(({ document }: Any) => document)).toContainEqual({
    id: documentId,
    title: '',
    status: 'DELETED',
  })
  expect((await fetch(`${server.url}/documents/${documentId}/text`)).status).toBe(404)
})

test('a follow-up question is resolved with the turn before it', async () => {
  const result = await ask({
    question: 'When does it begin?',
    history: [{ question: 'How long is parental leave?', answer: 'twelve weeks' }],
  })
  expect(result.resolvedQuestion).toBe('When does it begin? How long is parental leave?')
})

test('answers are never cached', async () => {
  const response = await postJson('/graphql', { query: '{ ask(question: "Who?") { abstained } }' })
  expect(response.headers.get('cache-control')).toBe('no-store')
})

test.each([
  ['an empty question', { question: ' ' }, 'INVALID_INPUT'],
  ['a question without end', { question: 'x'.repeat(2001) }, 'INVALID_INPUT'],
  ['no passages', { question: 'Who?', topK: 0 }, 'INVALID_INPUT'],
  ['too many passages', { question: 'Who?', topK: 51 }, 'INVALID_INPUT'],
  ['an unknown collection', { question: 'Who?', collections: ['nowhere'] }, 'COLLECTION_NOT_FOUND'],
])('asking with %s is refused', async (_, variables, code) => {
  await expect(ask(variables)).rejects.toMatchObject({ code })
})

test('a GraphQL error has the code, the hint and the status of the table', async () => {
  const response = await postJson('/graphql', { query: '{ ask(question: "") { abstained } }' })
  expect(response.status).toBe(400)
  const { errors } = (await response.json()) as Any
  expect(errors[0].extensions).toMatchObject({ code: 'INVALID_INPUT', status: 400, hint: expect.any(String) })
  expect(errors[0].extensions.requestId).toBe(response.headers.get('x-request-id'))
})

test.each([
  ['syntax', '{ ask(question: }'],
  ['an unknown field', '{ nothing }'],
  ['a missing argument', '{ ask { abstained } }'],
])('a query with %s is the client’s mistake', async (_, query) => {
  const response = await postJson('/graphql', { query })
  expect(response.status).toBe(400)
  expect(((await response.json()) as Any).errors[0].extensions.code).toBe('INVALID_INPUT')
})

const BINARY = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])

test.each([
  ['an unknown type', 'music.mid', 'x', 'UNSUPPORTED_MEDIA_TYPE', 415],
  ['a text that is called slides', 'slides.pptx', 'x', 'CONTENT_MISMATCH', 422],
  ['no bytes', 'empty.txt', '', 'EMPTY_DOCUMENT', 422],
  ['a picture called text', 'notes.txt', BINARY, 'CONTENT_MISMATCH', 422],
  ['too many bytes', 'long.txt', 'word '.repeat(50_000), 'TOO_LARGE', 413],
])('a file with %s is refused with its own code', async (_, name, content, code, status) => {
  const response = await upload(server.url, [{ name, content }])
  expect(response.status).toBe(status)
  expect(response.body.error).toMatchObject({ code, hint: expect.any(String) })
  expect(response.body.jobs).toEqual([])
})

test.each([
  ['bytes that are not UTF-8', new Uint8Array([0x61, 0xff, 0xfe, 0xc3, 0x28]), 'INVALID_ENCODING'],
  ['nothing but white space', ' \n\t\n', 'EMPTY_DOCUMENT'],
])('a file with %s fails its job and leaves a FAILED document', async (_, content, code) => {
  const { body, status } = await upload(server.url, [{ name: 'bad.txt', content }])
  expect(status).toBe(202)
  expect(await endedJob(server.client, body.jobs[0]?.id ?? '')).toMatchObject({ status: 'FAILED', error: { code } })
  const { document } = await server.client.graphql<Any>('query($id: ID!) { document(id: $id) { status } }', {
    id: body.jobs[0]?.payload.documentId,
  })
  expect(document.status).toBe('FAILED')
})

test('one bad file of several is reported and the others are ingested', async () => {
  const { status, body } = await upload(server.url, [
    { name: 'one.txt', content: 'One is a number.' },
    { name: 'two.exe', content: 'MZ' },
    { name: 'three.html', content: '<h1>Three</h1><p>Three is a number too.</p>' },
  ])
  expect(status).toBe(202)
  expect(body.jobs.map(({ fileName }) => fileName).sort()).toEqual(['one.txt', 'three.html'])
  expect(body.errors).toEqual([expect.objectContaining({ fileName: 'two.exe', code: 'UNSUPPORTED_MEDIA_TYPE' })])
  for (const { id } of body.jobs) expect((await endedJob(server.client, id)).status).toBe('SUCCEEDED')
})

test('fields say where files go and what they are called', async () => {
  const { body } = await upload(server.url, [{ name: 'hours.txt', content: 'Open from nine to six.' }], {
    collection: 'library',
    title: 'Opening hours',
    externalId: 'hours',
    metadata: '{"floor": 2}',
  })
  await endedJob(server.client, body.jobs[0]?.id ?? '')
  const { document } = await server.client.graphql<Any>(
    'query($id: ID!) { document(id: $id) { title externalId metadata status collection { name } } }',
    { id: body.jobs[0]?.payload.documentId },
  )
  expect(document).toEqual({
    title: 'Opening hours',
    externalId: 'hours',
    metadata: { floor: 2 },
    status: 'READY',
    collection: { name: 'library' },
  })
  const result = await ask({ question: 'When is it open?', collections: ['library'], topK: 50 })
  expect(new Set(result.passages.map((passage: Any) => passage.document.id)).size).toBe(1)
})

test.each([
  ['a body that is no form', () => postJson('/documents', {})],
  ['a form without a file', () => post('/documents', formOf([], { title: 'x' }))],
  ['an unknown field', () => post('/documents', formOf([{ name: 'a.txt', content: 'a' }], { colour: 'red' }))],
  [
    'metadata that is no object',
    () => post('/documents', formOf([{ name: 'a.txt', content: 'a' }], { metadata: '3' })),
  ],
])('an upload with %s is INVALID_INPUT', async (_, send) => {
  const response = await send()
  expect(response.status).toBe(400)
  expect(((await response.json()) as Any).error.code).toBe('INVALID_INPUT')
})

test('the files of an upload are one batch, and one that fails fails no other', async () => {
  const files = [
    { name: 'good.md', content: '# Good\n\nThis one has text.' },
    { name: 'empty.md', content: '\n\n' },
    { name: 'other.txt', content: 'This one too.' },
  ]
  const { status, body } = await upload(server.url, files, { collection: 'batches' })
  expect(status).toBe(202)
  for (const { id } of body.jobs) await endedJob(server.client, id)
  const { batch } = await server.client.graphql<Any>(
    `query($id: ID!) { batch(id: $id) {
      progress { total queued running succeeded failed cancelled filesPerMinute secondsLeft }
      jobs(status: FAILED) { edges { node { fileName error { code } batch { id } } } }
    } }`,
    { id: body.batch.id },
  )
  expect(batch.progress).toMatchObject({ total: 3, queued: 0, running: 0, succeeded: 2, failed: 1, secondsLeft: 0 })
  expect(batch.progress.filesPerMinute).toBeGreaterThan(0)
  expect(batch.jobs.edges).toEqual([
    { node: { fileName: 'empty.md', error: { code: 'EMPTY_DOCUMENT' }, batch: { id: body.batch.id } } },
  ])
})

test('an upload that is sent again under its idempotency key is the same jobs; what is new in it is added', async () => {
  const send = async (names: string[], key = 'nightly-1') => {
    const files = names.map((name) => ({ name, content: `The text of ${name}.` }))
    const response = await post('/documents', formOf(files, { collection: 'keys' }), { 'idempotency-key': key })
    return (await response.json()) as Any
  }
  const first = await send(['one.txt', 'two.txt'])
  const again = await send(['one.txt', 'two.txt', 'three.txt'])
  const ids = (body: Any) => body.jobs.map(({ id }: Any) => id)
  expect(again.batch).toEqual(first.batch)
  expect(ids(again).slice(0, 2)).toEqual(ids(first))
  expect(new Set(ids(again)).size).toBe(3)
  expect(ids(await send(['one.txt'], 'nightly-2'))).not.toEqual(ids(first).slice(0, 1))
  for (const id of ids(again)) expect((await endedJob(server.client, id)).status).toBe('SUCCEEDED')
  const refused = await post('/documents', formOf([{ name: 'a.txt', content: 'a' }]), {
    'idempotency-key': 'k'.repeat(201),
  })
  expect(refused.status).toBe(400)
})

test('a text is added over GraphQL and paged with Relay cursors', async () => {
  for (const title of ['First', 'Second', 'Third']) {
    const { addDocument } = await server.client.graphql<Any>(
      'mutation($input: AddDocumentInput!) { addDocument(input: $input) { id document { title } } }',
      { input: { title, text: `${title} of three texts.`, collection: 'pages' } },
    )
    expect((await endedJob(server.client, addDocument.id)).status).toBe('SUCCEEDED')
  }
  const { collections } = await server.client.graphql<Any>('{ collections { id name } }')
  const collection = collections.find(({ name }: Any) => name === 'pages').id
  const page = async (first: number, after?: string) =>
    (
      await server.client.graphql<Any>(
        `query($first: Int, $after: String, $collection: ID) {
          documents(first: $first, after: $after, collection: $collection) {
            edges { cursor node { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          }
        }`,
        { first, after, collection },
      )
    ).documents
  const first = await page(2)
  expect(first.edges.map(({ node }: Any) => node.title)).toEqual(['Third', 'Second'])
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false, endCursor: first.edges[1].cursor })
  const rest = await page(2, first.edges[0].cursor)
  expect(rest.edges.map(({ node }: Any) => node.title)).toEqual(['Second', 'First'])
  expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
  await expect(page(0)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(page(2, 'nonsense')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('a correction is submitted over REST, reviewed once, and kept', async () => {
  const documentId = await addHandbook('corrected')
  const { interactionId } = await ask({ question: 'How long is parental leave?' })
  const correction = { documentId, text: 'twelve weeks' }
  const response = await postJson('/feedback', { interactionId, verdict: 'CORRECTED', correction })
  expect(response.status).toBe(201)
  const submitted = ((await response.json()) as Any).correction
  expect(HANDBOOK).toContain(submitted.span.text)
  const review = () =>
    server.client.graphql<Any>('mutation($id: ID!) { reviewCorrection(id: $id, decision: ACCEPT) { status } }', {
      id: submitted.id,
    })
  expect((await review()).reviewCorrection.status).toBe('ACCEPTED')
  await expect(review()).rejects.toMatchObject({ code: 'ALREADY_REVIEWED' })
})

test.each([
  ['an unknown interaction', { interactionId: 'none', verdict: 'INCORRECT' }, 404, 'INTERACTION_NOT_FOUND'],
  ['an unknown verdict', { interactionId: 'none', verdict: 'MAYBE' }, 400, 'INVALID_INPUT'],
  ['no object', [], 400, 'INVALID_INPUT'],
])('feedback with %s is refused', async (_, body, status, code) => {
  const response = await postJson('/feedback', body)
  expect(response.status).toBe(status)
  expect(((await response.json()) as Any).error).toMatchObject({ code, hint: expect.any(String) })
})

test('a correction whose text or place is wrong is refused with its own code', async () => {
  const documentId = await addHandbook('wrong-corrections')
  const { interactionId } = await ask({ question: 'How long is parental leave?' })
  const submit = async (correction: object) => {
    const response = await postJson('/feedback', { interactionId, verdict: 'CORRECTED', correction })
    return ((await response.json()) as Any).error.code
  }
  expect(await submit({ documentId, text: 'thirteen weeks' })).toBe('TEXT_MISMATCH')
  expect(await submit({ documentId, text: 'weeks', start: 1_000_000, end: 1_000_005 })).toBe('OFFSET_OUT_OF_RANGE')
  expect(await submit({ documentId: 'none', text: 'weeks' })).toBe('DOCUMENT_NOT_FOUND')
})

test('training with too few labels and with a dangerous learning rate is refused', async () => {
  const start = (input: object) =>
    server.client.graphql('mutation($input: TrainingInput) { startTraining(input: $input) { id } }', { input })
  await expect(start({})).rejects.toMatchObject({ code: 'TOO_FEW_LABELS' })
  await expect(start({ learningRate: 0.01 })).rejects.toMatchObject({ code: 'UNSAFE_SETTINGS' })
})

test('what is not there is said to be not there', async () => {
  const { client } = server
  expect(await client.graphql('{ document(id: "x") { id } job(id: "x") { id } run(id: "x") { id } }')).toEqual({
    document: null,
    job: null,
    run: null,
  })
  await expect(client.graphql('{ modelVersion(id: "x") { id } }')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
  await expect(client.graphql('mutation { deleteDocument(id: "x") { id } }')).rejects.toMatchObject({
    code: 'DOCUMENT_NOT_FOUND',
  })
  await expect(client.graphql('mutation { cancelJob(id: "x") { id } }')).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
  })
  await expect(client.graphql('mutation { rollbackModel(reason: "x") { id } }')).rejects.toMatchObject({
    code: 'NOTHING_TO_ROLL_BACK',
  })
  await expect(endedJob(client, 'x')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  const response = await fetch(`${server.url}/nowhere`)
  expect(response.status).toBe(404)
  expect(((await response.json()) as Any).error.code).toBe('NOT_FOUND')
})

test('every operation that GraphiQL opens with works', async () => {
  // Without variables, as GraphiQL sends the tab it opens with.
  for (const query of EXAMPLE_OPERATIONS) expect(await server.client.graphql(query)).toBeTruthy()
})

test('GraphiQL is served from the package and asks nobody else', async () => {
  const response = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } })
  const page = await response.text()
  expect(response.headers.get('content-type')).toContain('text/html')
  expect(page).toContain('Ask the documents')
  expect(page).not.toMatch(/<(script|link)[^>]*(src|href)="https?:/)
  expect(page).toContain('.graphiql-tab { transform: none !important }</style></head>')
})

test('a page of another site may neither ask nor upload', async () => {
  const foreign = { origin: 'https://example.org' }
  const asked = await postJson('/graphql', { query: '{ health { ready } }' }, foreign)
  const uploaded = await post('/documents', formOf([{ name: 'a.txt', content: 'a' }]), foreign)
  for (const response of [asked, uploaded]) {
    expect(response.status).toBe(403)
    expect(((await response.json()) as Any).error.code).toBe('ORIGIN_NOT_ALLOWED')
  }
  const form = await post('/graphql', 'query=%7Bhealth%7Bready%7D%7D', {
    'content-type': 'application/x-www-form-urlencoded',
  })
  expect(form.status).toBe(400)
})

test('health, readiness and metrics say what the server did', async () => {
  await ask({ question: 'Who calls the supervisor?' })
  expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' })
  expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ status: 'ready', readerVersion: 'tiny-1' })
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toMatch(/docent_asks_total\{abstained="false"\} [1-9]/)
  expect(metrics).toMatch(/docent_jobs_total\{kind="ingest",status="SUCCEEDED"\} [1-9]/)
  expect(metrics).toMatch(/docent_http_request_seconds_count\{method="POST",route="\/graphql",status="200"\} [1-9]/)
  expect(metrics).toMatch(/docent_ask_step_seconds_count\{step="read"\} [1-9]/)
})
