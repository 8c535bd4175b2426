/** The program of the embedder: Transformers.js over one local folder, one text after another. */
import { basename, dirname } from 'node:path'
import { AutoModel, env, mean_pooling, type PreTrainedModel, Tensor } from '@xenova/transformers'
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
  open: async ({ modelFolder, form, threads }: Required<Omit<EmbedderOptions, 'niceness'>>) => {
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

/** The feature-extraction pipeline of Transformers.js with pooling and L2 norm, on our tokens. */
async function embed(text: string): Promise<Float32Array> {
  if (!opened) throw new DocentError('INTERNAL', 'no embedder is open')
  const { config, model } = opened
  const inputs = modelInputs(await tokenIds(opened, text), config)
  // [1, tokens, hidden]
  const { last_hidden_state: hidden } = await model(inputs)
  const pooled = config.pooling === 'mean' ? mean_pooling(hidden, inputs.attention_mask) : hidden.slice(null, 0)
  const vector = Float32Array.from(pooled.normalize(2, -1).data as Float32Array)
  if (vector.length === config.dimensions) return vector
  const message = `the embedder gives ${vector.length} numbers, and its configuration says ${config.dimensions}`
  throw new DocentError('MODEL_INCOMPATIBLE', message)
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
