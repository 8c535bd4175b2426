import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exportReader } from '../../../src/jobs/candidate.js'
import { importModel } from '../../../src/jobs/import/import-model.js'
import { withReader } from '../../../src/jobs/measure.js'
import { createLogger } from '../../../src/log.js'
import { openReader } from '../../../src/read/open-reader.js'
import { Reader } from '../../../src/read/reader.js'
import { ARCHITECTURES } from '../../../src/registry/encoder-config.js'
import { INT8_FILE } from '../../../src/registry/manifest.js'
import { Models } from '../../../src/registry/models.js'
import { type ModelVersion, Registry } from '../../../src/registry/registry.js'
import type { Tensor } from '../../../src/registry/safetensors.js'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.js'
import { startTraining } from '../../../src/train/trainer.js'
import { HUB_COMMIT, startHub } from '../../support/hub-server.js'
import { SourceFolder, writeGeneralSet } from './source-folder.js'

const log = createLogger('silent')
const passages = [
  { text: 'The keeper of the lighthouse is Marta Olsen 😀, who came when she was eleven.' },
  { text: 'A ticket costs  four euros.\nA café is 中文 too.' },
]

let scratch: string
let registry: Registry
let stages: string[]

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'docent-import-'))
  await writeGeneralSet(join(scratch, 'general.json'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))
beforeEach(async () => {
  registry = new Registry({ modelsDir: await mkdtemp(join(scratch, 'models-')) })
  stages = []
})

function runImport(source: string, changes: { id?: string; endpoint?: string; signal?: AbortSignal } = {}) {
  return importModel({
    source,
    id: changes.id,
    registry,
    hub: { endpoint: changes.endpoint ?? 'http://127.0.0.1:9', token: null },
    threads: 1,
    preference: 'auto',
    sets: { general: join(scratch, 'general.json'), calibration: join(scratch, 'general.json') },
    context: {
      log,
      signal: changes.signal ?? new AbortController().signal,
      progress: async (_done, _total, stage) => void stages.push(stage),
    },
  })
}

/** Nothing of a version, and nothing aside. */
async function expectNothingLeft(): Promise<void> {
  expect(await readdir(registry.readersDir).catch(() => [])).toEqual([])
}

describe.each(ARCHITECTURES)('a %s folder', (architecture) => {
  test('becomes a version that is served, trained for three steps, exported and served again', async () => {
    const source = await SourceFolder.of(architecture, await mkdtemp(join(scratch, 'source-')))
    const version = await runImport(source.path, { id: 'imported-1' })
    await registry.verify('imported-1')
    expect(version.manifest).toMatchObject({ origin: 'IMPORTED', licence: 'mit', parent: null })
    expect(version.manifest.architecture.toLowerCase()).toBe(`${architecture}forquestionanswering`)
    expect(version.manifest.forms.int8?.metrics.general?.n).toBe(12)
    expect([...new Set(stages)]).toEqual(['reading', 'exporting', 'comparing', 'calibrating', 'measuring'])
    expect(await readdir(registry.readersDir)).toEqual(['imported-1'])
    await using opened = await openReader(version, { processes: 1, preference: 'auto', log })
    await expectQuotes(opened.reader)

    const training = startTraining({
      settings: {
        maxSteps: 3,
        batchSize: 4,
        maxSequenceLength: 96,
        stride: 16,
        dropout: 0.1,
        freezeEmbeddings: 'none',
      },
      parentFolder: version.folder,
      datasetPaths: [join(scratch, 'general.json')],
      checkpointFolder: await mkdtemp(join(scratch, 'run-')),
      resume: false,
      threads: 1,
    })
    const losses: number[] = []
    for await (const { loss } of training.steps) losses.push(loss)
    const { weightsFile } = await training.result
    expect(losses.length).toBe(3)
    const folder = await mkdtemp(join(scratch, 'trained-'))
    await exportReader({ parentFolder: version.folder, weightsFile, folder, signal: new AbortController().signal })
    const { window } = version.manifest
    await withReader({ folder, modelFile: INT8_FILE, window }, async (parts) => {
      await expectQuotes(new Reader({ ...parts, calibration: { temperature: 1, noAnswerThreshold: 1000 } }))
    })
  })
})

async function expectQuotes(reader: Pick<Reader, 'read'>): Promise<void> {
  const { spans } = await reader.read('Who keeps the lighthouse?', passages)
  expect(spans.length).toBeGreaterThan(0)
  for (const { passage, start, end, text } of spans) {
    expect(passages[passage]?.text.slice(start, end)).toBe(text)
    expect(text).toBe(text.trim())
  }
}

test('shards, the names of TensorFlow and bare names give the version that one file gives', async () => {
  const parent = await mkdtemp(join(scratch, 'source-'))
  const whole = await SourceFolder.of('bert', parent, 'whole')
  const sharded = await SourceFolder.of('bert', parent, 'sharded')
  await sharded.changeWeights((weights) => {
    const renamed = [...weights].map(([name, tensor]): [string, Tensor] => [
      name
        .replace('bert.', '')
        .replace('LayerNorm.weight', 'LayerNorm.gamma')
        .replace('LayerNorm.bias', 'LayerNorm.beta'),
      tensor,
    ])
    return new Map([...renamed, ['pooler.dense.bias', { shape: [1], data: Float32Array.of(1) }]])
  })
  await sharded.shard()
  const [one, other] = [await runImport(whole.path), await runImport(sharded.path)]
  expect([one.id, other.id]).toEqual(['whole', 'sharded'])
  expect(other.manifest.files).toEqual(one.manifest.files)
  await expect(runImport(whole.path)).rejects.toMatchObject({ code: 'MODEL_EXISTS' })
  expect((await registry.ids()).length).toBe(2)
})

test('an encoder without a head can be trained from and not promoted', async () => {
  const source = await SourceFolder.of('electra', await mkdtemp(join(scratch, 'source-')))
  await source.changeWeights((weights) => new Map([...weights].filter(([name]) => !name.startsWith('qa_outputs'))))
  const version = await runImport(source.path)
  expect(version.manifest).toMatchObject({ untrainedHead: true, forms: { int8: { metrics: {} } } })
  await using store = await SqliteStore.open({
    path: join(await mkdtemp(join(scratch, 'data-')), 'docent.sqlite'),
    log,
  })
  const models = new Models({ registry, store, log })
  const promoting = models.promote(version.id, { kind: 'MANUAL', reason: 'try' })
  await expect(promoting).rejects.toMatchObject({ code: 'HEAD_UNTRAINED' })
  await expect(models.current()).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
})

test('what older readers cannot take is mended', async () => {
  const parent = await mkdtemp(join(scratch, 'source-'))
  const json = async ({ folder }: ModelVersion, file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))
  const bytePair = await runImport((await SourceFolder.of('roberta', parent)).path)
  const tokenizer = await json(bytePair, 'tokenizer.json')
  expect(tokenizer.model.merges.slice(0, 2)).toEqual(['Ġ a', 'a n'])
  expect([tokenizer.truncation, tokenizer.padding]).toEqual([null, null])
  expect(await json(bytePair, 'tokenizer_config.json')).toMatchObject({
    tokenizer_class: 'RobertaTokenizer',
    model_max_length: 96,
    cls_token: '<s>',
    sep_token: '</s>',
    pad_token: '<pad>',
    mask_token: '<mask>',
  })

  const wordPiece = await SourceFolder.of('distilbert', parent)
  await wordPiece.write('tokenizer_config.json', JSON.stringify({ model_max_length: 1e30, do_lower_case: false }))
  await wordPiece.changeJson('tokenizer.json', (file) => {
    delete file.model.type
  })
  const version = await runImport(wordPiece.path)
  expect((await json(version, 'tokenizer.json')).model.type).toBe('WordPiece')
  const config = await json(version, 'tokenizer_config.json')
  expect(config).toMatchObject({ do_lower_case: false, model_max_length: 96, tokenizer_class: 'DistilBertTokenizer' })
  // It knows no token types, whatever its tokenizer says.
  const types = version.manifest.forms.int8?.canary.flatMap(({ tokenTypeIds }) => tokenTypeIds)
  expect(new Set(types)).toEqual(new Set([0]))
})

const BAD: [string, string, RegExp, (source: SourceFolder) => Promise<void>][] = [
  [
    'a pickle and nothing else',
    'PICKLE_REFUSED',
    /pytorch_model\.bin/,
    async (source) => {
      await source.remove('model.safetensors')
      await source.write('pytorch_model.bin', 'cos\nsystem\n')
    },
  ],
  ['no weights', 'MODEL_INCOMPATIBLE', /neither model.safetensors/, (source) => source.remove('model.safetensors')],
  ['a folder without config.json', 'MODEL_INCOMPATIBLE', /no config\.json/, (source) => source.remove('config.json')],
  ['no tokenizer.json', 'MODEL_INCOMPATIBLE', /no tokenizer\.json/, (source) => source.remove('tokenizer.json')],
  ['a broken config.json', 'MODEL_CORRUPT', /config\.json/, (source) => source.write('config.json', '{')],
  [
    'a broken tokenizer.json',
    'MODEL_CORRUPT',
    /tokenizer\.json/,
    (source) => source.write('tokenizer.json', '{"model":{}}'),
  ],
  [
    'truncated weights',
    'MODEL_CORRUPT',
    /model\.safetensors/,
    async (source) => {
      const bytes = await readFile(join(source.path, 'model.safetensors'))
      await source.write('model.safetensors', bytes.subarray(0, bytes.length - 100))
    },
  ],
  [
    'a missing shard',
    'MODEL_CORRUPT',
    /model-00002-of-00002/,
    async (source) => {
      await source.shard()
      await source.remove('model-00002-of-00002.safetensors')
    },
  ],
  [
    'an index that names a tensor that its shard lacks',
    'MODEL_CORRUPT',
    /lacks extra\.weight/,
    async (source) => {
      await source.shard()
      await source.changeJson('model.safetensors.index.json', (index) => {
        index.weight_map['extra.weight'] = 'model-00001-of-00002.safetensors'
      })
    },
  ],
  [
    'an index that leads out of the folder',
    'MODEL_CORRUPT',
    /index\.json/,
    (source) =>
      source
        .remove('model.safetensors')
        .then(() => source.write('model.safetensors.index.json', '{"weight_map":{"a":"../a.safetensors"}}')),
  ],
  [
    'more layers than config.json says',
    'MODEL_INCOMPATIBLE',
    /encoder\.layer\.1.*1 layers/,
    config({ num_hidden_layers: 1 }),
  ],
  ['fewer layers', 'MODEL_INCOMPATIBLE', /lack bert\.encoder\.layer\.2/, config({ num_hidden_layers: 3 })],
  ['other sizes', 'MODEL_INCOMPATIBLE', /has the shape \[48,32\]/, config({ intermediate_size: 64 })],
  ['another architecture', 'MODEL_INCOMPATIBLE', /"deberta-v2"/, config({ model_type: 'deberta-v2' })],
  [
    'numbers that are none',
    'MODEL_CORRUPT',
    /not finite/,
    (source) =>
      source.changeWeights((weights) => {
        ;(weights.get('qa_outputs.bias') as Tensor).data[0] = Number.NaN
        return weights
      }),
  ],
  [
    'half a head',
    'MODEL_INCOMPATIBLE',
    /lack qa_outputs\.bias/,
    (source) => source.changeWeights((weights) => new Map([...weights].filter(([name]) => name !== 'qa_outputs.bias'))),
  ],
  [
    'a tokenizer without [SEP]',
    'MODEL_INCOMPATIBLE',
    /no \[SEP\] token/,
    (source) =>
      source.changeJson('tokenizer.json', (file) => {
        delete file.model.vocab['[SEP]']
        file.added_tokens = file.added_tokens.filter(({ content }: { content: string }) => content !== '[SEP]')
      }),
  ],
  [
    'a tokenizer of more words than the model has',
    'MODEL_INCOMPATIBLE',
    /number 5000/,
    (source) =>
      source.changeJson('tokenizer.json', (file) => {
        file.model.vocab.surplus = 5000
      }),
  ],
  [
    'a tokenizer of another kind',
    'MODEL_INCOMPATIBLE',
    /kind Unigram/,
    (source) =>
      source.changeJson('tokenizer.json', (file) => {
        file.model = { type: 'Unigram', vocab: [['a', 0]] }
      }),
  ],
]

function config(change: Record<string, unknown>): (source: SourceFolder) => Promise<void> {
  return (source) => source.changeJson('config.json', (json) => Object.assign(json, change))
}

test.each(BAD)('%s: %s, and nothing is left behind', async (_, code, message, spoil) => {
  const source = await SourceFolder.of('bert', await mkdtemp(join(scratch, 'source-')))
  await spoil(source)
  await expect(runImport(source.path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  await expectNothingLeft()
})

test('a byte-pair tokenizer that lacks a byte is refused', async () => {
  const source = await SourceFolder.of('roberta', await mkdtemp(join(scratch, 'source-')))
  await source.changeJson('tokenizer.json', (file) => {
    delete file.model.vocab.ð
  })
  await expect(runImport(source.path)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
  await expectNothingLeft()
})

test('an import that is cancelled leaves nothing', async () => {
  const source = await SourceFolder.of('bert', await mkdtemp(join(scratch, 'source-')))
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(runImport(source.path, { signal })).rejects.toThrow('enough')
  await expectNothingLeft()
})

describe('from the hub', () => {
  test('whole and in shards, at the commit that it names', async () => {
    const source = await SourceFolder.of('roberta', await mkdtemp(join(scratch, 'source-')))
    await source.shard()
    await source.write('pytorch_model.bin', 'never read')
    await using hub = await startHub('someone/tiny-roberta', source.path)
    const version = await runImport('someone/tiny-roberta', { endpoint: hub.url })
    expect(version.id).toBe('tiny-roberta')
    expect(version.manifest.attribution).toEqual([`Hugging Face hub: someone/tiny-roberta, commit ${HUB_COMMIT}`])
    expect(hub.served).not.toContain('pytorch_model.bin')
    expect(await readdir(registry.readersDir)).toEqual(['tiny-roberta'])
  })

  test('a pickle is not even fetched, nor the weights of what cannot be imported', async () => {
    const parent = await mkdtemp(join(scratch, 'source-'))
    const pickled = await SourceFolder.of('bert', parent, 'pickled')
    await pickled.remove('model.safetensors')
    await pickled.write('pytorch_model.bin', 'never read')
    await using hub = await startHub('someone/pickled', pickled.path)
    const importing = runImport('someone/pickled', { endpoint: hub.url })
    await expect(importing).rejects.toMatchObject({ code: 'PICKLE_REFUSED' })
    expect(hub.served).toEqual([])

    const other = await SourceFolder.of('bert', parent, 'other')
    await config({ model_type: 't5' })(other)
    await using second = await startHub('someone/other', other.path)
    await expect(runImport('someone/other', { endpoint: second.url })).rejects.toMatchObject({
      code: 'MODEL_INCOMPATIBLE',
    })
    expect(second.served).not.toContain('model.safetensors')
    await expectNothingLeft()
  })

  test('bytes that change or end on the way are refused', async () => {
    const source = await SourceFolder.of('bert', await mkdtemp(join(scratch, 'source-')))
    for (const tamper of [
      (bytes: Buffer) => bytes.subarray(0, -8),
      (bytes: Buffer) => Buffer.from(bytes).fill(1, bytes.length - 8),
    ]) {
      await using hub = await startHub('someone/tiny', source.path, (name, bytes) =>
        name.endsWith('.safetensors') ? tamper(bytes) : bytes,
      )
      await expect(runImport('someone/tiny', { endpoint: hub.url })).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
      await expectNothingLeft()
    }
  })

  test('a hub that does not answer or does not have it, and what is no id at all', async () => {
    await expect(runImport('someone/absent')).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' })
    await using hub = await startHub('someone/tiny', scratch)
    const absent = runImport('someone/absent', { endpoint: hub.url })
    await expect(absent).rejects.toMatchObject({
      code: 'HUB_UNAVAILABLE',
      message: expect.stringContaining('not found'),
    })
    await expect(runImport('./no/such/folder')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await mkdir(join(scratch, 'empty'), { recursive: true })
    await expect(runImport(join(scratch, 'empty'), { id: '../out' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expectNothingLeft()
  })
})
