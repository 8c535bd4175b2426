/** Each architecture against the real transformers, on a tiny random reader: windows, logits, loss, gradients, both graphs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportModel } from '../../src/onnx/export-model.js'
import { SessionHost } from '../../src/onnx/session-host.js'
import { verifyExport } from '../../src/onnx/verify.js'
import { runWindows } from '../../src/read/windows.js'
import { ARCHITECTURES, parseEncoderConfig } from '../../src/registry/encoder-config.js'
import { encoderShapes, headShapes, tensorName } from '../../src/registry/tensor-names.js'
import { codePointOffsets } from '../../src/text/tokenizer.js'
import { ReaderModel } from '../../src/train/model.js'
import { AdamW } from '../../src/train/optimizer.js'
import { namedViews } from '../../src/train/parameter.js'
import { createParameters } from '../../src/train/parameters.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'
import { type EncoderFixture, largestDifference, openFixture } from './encoder-fixtures.js'

const ops = loadTensorFlow()
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'docent-encoders-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe.each(ARCHITECTURES)('%s', (architecture) => {
  let fixture: EncoderFixture
  beforeAll(async () => {
    fixture = await openFixture(architecture)
  })

  const openModel = () => {
    const { config, weights } = fixture
    const parameters = createParameters(ops, config, weights, { seed: 1, frozen: () => false })
    return { parameters, model: new ReaderModel(ops, config, parameters) }
  }
  const labelled = () =>
    fixture.windows.map(({ inputIds, tokenTypeIds }, index) => {
      const { start, end } = fixture.reference.windows[index] as { start: number; end: number }
      return { inputIds, tokenTypeIds, start, end }
    })

  test('windows are those of the reference tokenizer, and so are the offsets', () => {
    expect(fixture.windows.map(({ inputIds }) => [...inputIds])).toEqual(
      fixture.reference.windows.map(({ ids }) => ids),
    )
    for (const [index, { contextOffset, starts, ends }] of fixture.windows.entries()) {
      const { offsets, context } = fixture.reference.windows[index] as (typeof fixture.reference.windows)[number]
      const toUtf16 = codePointOffsets(context)
      const at = (codePoint: number): number => (toUtf16 ? (toUtf16[codePoint] as number) : codePoint)
      for (const [token, start] of starts.entries()) {
        const [from, to] = offsets[contextOffset + token] as [number, number]
        // A space that is a token by itself has no place in the reference, and its own here.
        if (from < to) expect([start, ends[token]]).toEqual([at(from), at(to)])
      }
    }
  })

  test('tfjs gives the logits of transformers within 1e-4', () => {
    const logits = openModel().model.logits(fixture.windows)
    expect(largestDifference(logits, fixture.reference.windows)).toBeLessThan(1e-4)
  })

  test('loss and the gradient of every parameter', () => {
    const { model, parameters } = openModel()
    const { loss, gradientNorms } = fixture.reference
    expect(model.accumulateGradients(labelled(), 1 / fixture.windows.length)).toBeCloseTo(loss, 4)
    const gradients = namedViews(parameters.all, ({ gradient }) => gradient)
    expect([...gradients.keys()].sort()).toEqual(Object.keys(gradientNorms).sort())
    const largest = Math.max(...Object.values(gradientNorms))
    for (const [name, { data }] of gradients) {
      const norm = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0))
      expect(Math.abs(norm - (gradientNorms[name] as number)), name).toBeLessThan(
        1e-3 * (gradientNorms[name] as number) + 1e-5 * largest,
      )
    }
  })

  test('three steps lower the loss', () => {
    const { model, parameters } = openModel()
    const optimizer = new AdamW(parameters.all, { weightDecay: 0 })
    const before = ops.tensorCount
    const losses = Array.from({ length: 4 }, () => {
      const loss = model.accumulateGradients(labelled(), 1 / fixture.windows.length)
      optimizer.update(3e-3, 1)
      return loss
    })
    expect(losses[3]).toBeLessThan(0.9 * (losses[0] as number))
    expect(ops.tensorCount).toBe(before)
  })

  test('the fp32 graph gives the logits of transformers within 1e-4, the int8 graph within its tolerance', async () => {
    const { config, weights, windows, reference } = fixture
    const run = async (form: 'fp32' | 'int8') => {
      const modelPath = join(scratch, `${architecture}-${form}.onnx`)
      await writeFile(modelPath, exportModel({ config, weights, task: 'reader', form }))
      await using host = await SessionHost.start({ modelPath })
      return await runWindows(host, windows)
    }
    const exact = await run('fp32')
    expect(largestDifference(exact, reference.windows)).toBeLessThan(1e-4)
    expect(verifyExport(exact, await run('int8')).windows).toBe(windows.length)
  })

  test('has exactly the tensors that the table of names and shapes says', () => {
    const { config, weights } = fixture
    const wanted = [...encoderShapes(config), ...headShapes(config)].map(([name, shape]) => [
      tensorName(architecture, name),
      [...shape],
    ])
    const found = [...weights].map(([name, { shape }]) => [name, [...shape]])
    expect(found.sort()).toEqual(wanted.sort())
    const { parameters } = openModel()
    expect([...namedViews(parameters.all)].map(([name, { shape }]) => [name, [...shape]]).sort()).toEqual(wanted.sort())
  })
})

test('what computes something else is refused by name', () => {
  const bert = {
    model_type: 'bert',
    hidden_size: 8,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    vocab_size: 9,
    max_position_embeddings: 16,
  }
  expect(parseEncoderConfig(bert).typeCount).toBe(2)
  for (const [change, said] of [
    [{ model_type: 'xlm-roberta' }, /"xlm-roberta" is none of bert, distilbert, roberta, electra/],
    [{ model_type: undefined }, /model_type undefined/],
    [{ hidden_act: 'gelu_new' }, /hidden_act/],
    [{ position_embedding_type: 'relative_key' }, /position_embedding_type/],
    [{ is_decoder: true }, /is_decoder/],
    [{ quantization_config: { bits: 4 } }, /quantization_config/],
    [{ hidden_size: 9 }, /no multiple of 2 heads/],
    [{ vocab_size: 0 }, /vocab_size/],
  ] as const) {
    expect(() => parseEncoderConfig({ ...bert, ...change })).toThrow(said)
  }
})
