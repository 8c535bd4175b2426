/** The program of the embedder: Transformers.js over one local folder, one text after another. */
import { basename, dirname } from 'node:path'
import { AutoModel, env, type PreTrainedModel, Tensor } from '@xenova/transformers'
import { serveParent } from '../child.js'
import { DocentError } from '../errors.js'
import { exposeTensorProperties, limitLibrarySessions } from '../onnx/runtime.js'
import { type EmbedderConfig, readEmbedderConfig } from '../registry/embedder-config.js'
import { Tokenizer } from '../text/tokenizer.js'
import type { EmbedderOptions } from './embedder.js'

interface Opened {
  readonly config: EmbedderConfig
  readonly model: PreTrainedModel
  readonly tokenizer: Tokenizer
}

let opened: Opened | null = null

serveParent({
  open: async ({ modelFolder, form, threads }: Required<Omit<EmbedderOptions, 'processes' | 'niceness'>>) => {
    exposeTensorProperties()
    limitLibrarySessions(threads)
    env.allowRemoteModels = false
    env.useFSCache = false
    env.localModelPath = dirname(modelFolder)
    const config = await readEmbedderConfig(modelFolder)
    const tokenizer = await Tokenizer.open(modelFolder)
    try {
      opened = {
        ...{ config, tokenizer },
        model: await AutoModel.from_pretrained(basename(modelFolder), { quantized: form === 'int8' }),
      }
    } catch (cause) {
      throw new DocentError('MODEL_CORRUPT', `${modelFolder} cannot be opened: ${String(cause)}`, { cause })
    }
  },
  embed: async (texts: readonly string[]): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = []
    for (const text of texts) vectors.push(await embed(text))
    return vectors
  },
})

async function embed(text: string): Promise<Float32Array> {
  if (!opened) throw new DocentError('INTERNAL', 'no embedder is open')
  const { config, model } = opened
  // [1, tokens, hidden]
  const { last_hidden_state: hidden } = await model(modelInputs(await tokenIds(opened, text), config))
  const vector = normalised(pooled(hidden, config))
  if (vector.length === config.dimensions) return vector
  const message = `the embedder gives ${vector.length} numbers, and its configuration says ${config.dimensions}`
  throw new DocentError('MODEL_INCOMPATIBLE', message)
}

/**
 * The mean of all tokens, or the first one ([CLS]). `mean_pooling` of Transformers.js, the same within 1e-7, goes through a
 * proxy for every number: a fifth of the time of an embedding.
 */
function pooled({ data, dims }: Tensor, { pooling }: EmbedderConfig): Float32Array {
  const [, tokens, width] = dims as [number, number, number]
  const hidden = data as Float32Array
  if (pooling === 'cls') return hidden.slice(0, width)
  return Float32Array.from({ length: width }, (_, column) => {
    let sum = 0
    for (let at = column; at < hidden.length; at += width) sum += hidden[at] as number
    return sum / tokens
  })
}

/** To L2 norm 1. */
function normalised(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return vector.map((value) => value / norm)
}

/**
 * By the tokenizer that all of Docent uses. That of Transformers.js 2.17 has other tokens than the model was trained with
 * where accents are not Latin (it leaves Japanese and Indic marks on), and cuts the closing [SEP] off a long text.
 */
async function tokenIds({ tokenizer, config }: Opened, text: string): Promise<number[]> {
  const { ids } = await tokenizer.encode(text)
  const { before, after } = tokenizer.pair
  return [...before, ...ids.subarray(0, Math.max(0, config.maxTokens - before.length - after.length)), ...after]
}

function modelInputs(ids: readonly number[], { encoder }: EmbedderConfig) {
  const tensor = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
  return {
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
    // Graphs of models with fewer than two types have no such input.
    ...(encoder.typeCount > 1 && { token_type_ids: tensor(ids.map(() => 0)) }),
  }
}
