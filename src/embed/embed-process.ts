/** The program of the embedder: Transformers.js over one local folder, one text after another. */
import { basename, dirname } from 'node:path'
import { AutoModel, env, mean_pooling, type PreTrainedModel, Tensor } from '@xenova/transformers'
import { serveParent } from '../child.js'
import { DocentError } from '../errors.js'
import { exposeTensorProperties, limitLibrarySessions } from '../onnx/runtime.js'
import { Tokenizer } from '../text/tokenizer.js'
import { EMBEDDING_DIMENSIONS, type EmbedderOptions } from './embedder.js'

/** What the model was trained with, as sentence-transformers has it; [CLS] and [SEP] are two of them. */
const MAX_TOKENS = 256

let opened: { readonly model: PreTrainedModel; readonly tokenizer: Tokenizer } | null = null

serveParent({
  open: async ({ modelFolder, form, threads }: Required<EmbedderOptions>) => {
    exposeTensorProperties()
    limitLibrarySessions(threads)
    env.allowRemoteModels = false
    env.useFSCache = false
    env.localModelPath = dirname(modelFolder)
    const tokenizer = await Tokenizer.open(modelFolder)
    try {
      opened = {
        tokenizer,
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

/** The feature-extraction pipeline of Transformers.js with mean pooling and L2 norm, on our tokens. */
async function embed(text: string): Promise<Float32Array> {
  if (!opened) throw new DocentError('INTERNAL', 'no embedder is open')
  const { model, tokenizer } = opened
  const inputs = modelInputs(await tokenIds(tokenizer, text))
  const { last_hidden_state: hidden } = await model(inputs)
  const vector = Float32Array.from(mean_pooling(hidden, inputs.attention_mask).normalize(2, -1).data as Float32Array)
  if (vector.length === EMBEDDING_DIMENSIONS) return vector
  throw new DocentError(
    'MODEL_INCOMPATIBLE',
    `the embedder gives ${vector.length} numbers, not ${EMBEDDING_DIMENSIONS}`,
  )
}

/**
 * By the tokenizer that all of Docent uses. That of Transformers.js 2.17 has other tokens than the model was trained with
 * where accents are not Latin (it leaves Japanese and Indic marks on), and cuts the closing [SEP] off a long text.
 */
async function tokenIds(tokenizer: Tokenizer, text: string): Promise<number[]> {
  const { ids } = await tokenizer.encode(text)
  const { before, after } = tokenizer.pair
  return [...before, ...ids.subarray(0, MAX_TOKENS - 2), ...after]
}

function modelInputs(ids: readonly number[]): { input_ids: Tensor; attention_mask: Tensor; token_type_ids: Tensor } {
  const tensor = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
  return {
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
    token_type_ids: tensor(ids.map(() => 0)),
  }
}
