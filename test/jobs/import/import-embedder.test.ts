/** Embedders made of random encoders of a few kB, and the folders that are refused. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Embedder } from '../../../src/embed/embedder.js'
import { importEmbedder } from '../../../src/jobs/import/import-embedder.js'
import { createLogger } from '../../../src/log.js'
import { GRAPH_FILES } from '../../../src/onnx/export-model.js'
import { SessionHost } from '../../../src/onnx/session-host.js'
import { Embedders } from '../../../src/registry/embedders.js'
import { ARCHITECTURES } from '../../../src/registry/encoder-config.js'
import { Tokenizer } from '../../../src/text/tokenizer.js'
import { HUB_COMMIT, startHub } from '../../support/hub-server.js'
import { SourceFolder } from './source-folder.js'

let scratch: string
let embedders: Embedders
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'docent-embedders-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))
beforeEach(async () => {
  embedders = new Embedders({ modelsDir: await mkdtemp(join(scratch, 'models-')) })
})

const source = async (architecture: (typeof ARCHITECTURES)[number] = 'bert') =>
  SourceFolder.of(architecture, await mkdtemp(join(scratch, 'source-')))

function runImport(
  path: string,
  { id, endpoint = 'http://127.0.0.1:1', signal = new AbortController().signal } = {} as {
    id?: string
    endpoint?: string
    signal?: AbortSignal
  },
) {
  return importEmbedder({
    ...{ source: path, id, embedders },
    hub: { endpoint, token: null },
    context: { signal, progress: async () => {}, log: createLogger('silent') } as never,
  })
}

const TEXT = 'The keeper of the lighthouse is Marta Olsen.'

/** Hidden states of the laid graph, token by token. */
async function hiddenStates(folder: string, text: string): Promise<Float32Array[]> {
  const tokenizer = await Tokenizer.open(folder)
  const { ids } = await tokenizer.encode(text)
  const { before, after } = tokenizer.pair
  const inputIds = Int32Array.from([...before, ...ids, ...after])
  await using host = await SessionHost.start({ modelPath: join(folder, GRAPH_FILES.int8) })
  const [output] = await host.run([{ inputIds, tokenTypeIds: new Int32Array(inputIds.length) }])
  const hidden = output?.last_hidden_state as Float32Array
  const size = hidden.length / inputIds.length
  return Array.from(inputIds, (_, at) => hidden.slice(at * size, (at + 1) * size))
}

const unit = (vector: Float32Array) => vector.map((value) => value / Math.hypot(...vector))
const mean = (rows: readonly Float32Array[]) =>
  (rows[0] as Float32Array).map((_, at) => rows.reduce((sum, row) => sum + (row[at] as number), 0) / rows.length)

function expectNear(vector: Float32Array | undefined, expected: Float32Array): void {
  expect(vector).toHaveLength(expected.length)
  for (const [at, value] of expected.entries()) expect(vector?.[at]).toBeCloseTo(value, 5)
}

async function embedOne(folder: string, text: string): Promise<Float32Array | undefined> {
  await using embedder = await Embedder.start({ modelFolder: folder })
  return (await embedder.embed([text]))[0]
}

describe.each([...ARCHITECTURES])('a %s', (architecture) => {
  test('becomes an embedder whose files are vouched for, and whose vectors are the mean of its hidden states', async () => {
    const made = await runImport((await source(architecture)).path, { id: 'tiny' })
    expect(made).toMatchObject({ name: 'tiny', dimensions: 32, maxTokens: 96, pooling: 'mean', licence: 'mit' })
    await embedders.verify('tiny', 'whole')
    expect(await readdir(embedders.dir)).toEqual(['tiny'])
    expectNear(await embedOne(made.folder, TEXT), unit(mean(await hiddenStates(made.folder, TEXT))))
  })
})

test('what its publisher says of length and pooling is kept', async () => {
  const published = await source()
  await published.write('sentence_bert_config.json', '{"max_seq_length": 12, "do_lower_case": true}')
  await mkdir(join(published.path, '1_Pooling'))
  const flags = { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false, word_embedding_dimension: 32 }
  await published.write('1_Pooling/config.json', JSON.stringify(flags))
  const module = (type: string) => ({ type: `sentence_transformers.models.${type}` })
  await published.write('modules.json', JSON.stringify(['Transformer', 'Pooling', 'Normalize'].map(module)))
  const made = await runImport(published.path, { id: 'first-token' })
  expect(made).toMatchObject({ maxTokens: 12, pooling: 'cls' })
  expect(await embedders.get('first-token')).toMatchObject({ maxTokens: 12, pooling: 'cls' })
  const short = 'the keeper'
  expectNear(await embedOne(made.folder, short), unit((await hiddenStates(made.folder, short))[0] as Float32Array))
  const long = 'the keeper of the island '.repeat(5)
  expect(await embedOne(made.folder, long)).toEqual(await embedOne(made.folder, `${long} and the boat`))
})

type Spoil = (source: SourceFolder) => Promise<unknown>
const pooling =
  (settings: object): Spoil =>
  async (folder) => {
    await mkdir(join(folder.path, '1_Pooling'))
    await folder.write('1_Pooling/config.json', JSON.stringify(settings))
  }
const BAD: [string, string, RegExp, Spoil][] = [
  ['another way of pooling', 'MODEL_INCOMPATIBLE', /pools by max;/, pooling({ pooling_mode_max_tokens: true })],
  ['one that is named', 'MODEL_INCOMPATIBLE', /pools by lasttoken/, pooling({ pooling_mode: 'lasttoken' })],
  [
    'two ways of pooling',
    'MODEL_INCOMPATIBLE',
    /pools by cls and mean/,
    pooling({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }),
  ],
  [
    'a layer behind the pooling',
    'MODEL_INCOMPATIBLE',
    /modules\.json: Dense is none of/,
    (folder) => folder.write('modules.json', '[{"type": "sentence_transformers.models.Dense"}]'),
  ],
  [
    'words that belong before a text',
    'MODEL_INCOMPATIBLE',
    /"query: " before a query/,
    (folder) => folder.write('config_sentence_transformers.json', '{"prompts": {"document": "", "query": "query: "}}'),
  ],
  [
    'vectors that are compared otherwise',
    'MODEL_INCOMPATIBLE',
    /by dot, not by cosine/,
    (folder) => folder.write('config_sentence_transformers.json', '{"similarity_fn_name": "dot"}'),
  ],
  [
    'lower case before a cased tokenizer',
    'MODEL_INCOMPATIBLE',
    /lower case/,
    async (folder) => {
      await folder.write('sentence_bert_config.json', '{"do_lower_case": true}')
      await folder.changeJson('tokenizer.json', (file) => {
        file.normalizer.lowercase = false
      })
    },
  ],
  [
    'a length that is none',
    'MODEL_CORRUPT',
    /max_seq_length/,
    (folder) => folder.write('sentence_bert_config.json', '{"max_seq_length": "long"}'),
  ],
  [
    'another architecture',
    'MODEL_INCOMPATIBLE',
    /"mpnet"/,
    (folder) => folder.changeJson('config.json', (json) => Object.assign(json, { model_type: 'mpnet' })),
  ],
  ['no weights', 'MODEL_INCOMPATIBLE', /neither model.safetensors/, (folder) => folder.remove('model.safetensors')],
]

test.each(BAD)('%s: %s, and nothing is left behind', async (_, code, message, spoil) => {
  const folder = await source()
  await spoil(folder)
  await expect(runImport(folder.path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  expect(await embedders.names()).toEqual([])
  expect(await readdir(embedders.dir)).toEqual([])
})

test('an import that is cancelled leaves nothing; one of a name that is taken leaves what is there', async () => {
  const { path } = await source()
  await expect(runImport(path, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  expect(await readdir(embedders.dir)).toEqual([])
  await runImport(path, { id: 'one' })
  await expect(runImport(path, { id: 'one' })).rejects.toMatchObject({ code: 'MODEL_EXISTS' })
  await expect(runImport(path, { id: '../one' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await embedders.verify('one', 'whole')
  await expect(embedders.get('two')).rejects.toMatchObject({
    code: 'EMBEDDER_NOT_FOUND',
    message: expect.stringContaining('there is one'),
  })
})

test('from the hub, with the files beside those of every model', async () => {
  const published = await source()
  await published.write('sentence_bert_config.json', '{"max_seq_length": 20}')
  await using hub = await startHub('someone/tiny', published.path)
  const made = await runImport('someone/tiny', { endpoint: hub.url })
  expect(made).toMatchObject({ name: 'tiny', maxTokens: 20 })
  const manifest = JSON.parse(await readFile(join(made.folder, 'manifest.json'), 'utf8'))
  expect(manifest.attribution).toEqual([`Hugging Face hub: someone/tiny, commit ${HUB_COMMIT}`])
})
