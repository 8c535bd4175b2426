/** The program of the embedder: Transformers.js over one local folder, one text after another. */
import { basename, dirname } from 'node:path'
import { env, type FeatureExtractionPipeline, pipeline } from '@xenova/transformers'
import { serveParent } from '../child.js'
import { DocentError } from '../errors.js'
import { exposeTensorProperties, limitLibrarySessions } from '../onnx/runtime.js'
import { EMBEDDING_DIMENSIONS, type EmbedderOptions } from './embedder.js'

/** What the model was trained with, as sentence-transformers has it. */
const MAX_TOKENS = 256

let extract: FeatureExtractionPipeline | null = null

serveParent({
  open: async ({ modelFolder, form, threads }: Required<EmbedderOptions>) => {
    exposeTensorProperties()
    limitLibrarySessions(threads)
    env.allowRemoteModels = false
    env.useFSCache = false
    env.localModelPath = dirname(modelFolder)
    try {
      extract = await pipeline('feature-extraction', basename(modelFolder), { quantized: form === 'int8' })
    } catch (cause) {
      throw new DocentError('MODEL_CORRUPT', `${modelFolder} cannot be opened: ${String(cause)}`, { cause })
    }
    // The tokenizer of the pipeline truncates to what its configuration says; that is the reader's 512.
    extract.tokenizer.model_max_length = MAX_TOKENS
  },
  embed: async (texts: readonly string[]): Promise<Float32Array[]> => {
    if (!extract) throw new DocentError('INTERNAL', 'no embedder is open')
    const vectors: Float32Array[] = []
    for (const text of texts) {
      const { data } = await extract(text, { pooling: 'mean', normalize: true })
      const vector = Float32Array.from(data as Float32Array)
      if (vector.length !== EMBEDDING_DIMENSIONS) {
        throw new DocentError(
          'MODEL_INCOMPATIBLE',
          `the embedder gives ${vector.length} numbers, not ${EMBEDDING_DIMENSIONS}`,
        )
      }
      vectors.push(vector)
    }
    return vectors
  },
})
