/**
 * A cross-encoder: question and passage in one window, one logit that says how well they belong together (Nogueira & Cho
 * 2019, "Passage Re-ranking with BERT"; `CrossEncoder` of sentence-transformers). Slower than comparing embeddings, so that
 * only the first passages of a search are shown to it.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { exists } from '../durable.js'
import { DocentError } from '../errors.js'
import { SessionPool } from '../onnx/session-pool.js'
import { Tokenizer } from '../text/tokenizer.js'
import { DEFAULT_WINDOW_SETTINGS, makeWindows, type WindowSettings } from '../text/windows.js'

/** As Transformers.js names them, the smaller one first. */
const GRAPHS = ['onnx/model_quantized.onnx', 'onnx/model.onnx']
/** What published cross-encoders were trained with at most. */
const MAX_SEQUENCE_LENGTH = 512

const configSchema = z.object({
  architectures: z.tuple([z.string().endsWith('ForSequenceClassification')]),
  // One label: transformers writes none of them where there is one.
  id2label: z.record(z.string(), z.string()).optional(),
  max_position_embeddings: z.number().int().positive(),
})

export class CrossEncoder implements AsyncDisposable {
  readonly #pool: SessionPool
  readonly #tokenizer: Tokenizer
  readonly #settings: WindowSettings

  private constructor(pool: SessionPool, tokenizer: Tokenizer, settings: WindowSettings) {
    this.#pool = pool
    this.#tokenizer = tokenizer
    this.#settings = settings
  }

  /**
   * @param folder laid out as Hugging Face has it: config.json, tokenizer.json, and a graph with the output `logits` in onnx/
   * @throws MODEL_CORRUPT naming the file that is missing or damaged; MODEL_INCOMPATIBLE when it does not score pairs
   */
  static async open({ folder, processes }: { folder: string; processes: number }): Promise<CrossEncoder> {
    const positions = await readPositions(folder)
    const tokenizer = await Tokenizer.open(folder)
    const pool = await SessionPool.start({ modelPath: await graphOf(folder), processes })
    const maxSequenceLength = Math.min(MAX_SEQUENCE_LENGTH, positions)
    const stride = Math.min(DEFAULT_WINDOW_SETTINGS.stride, Math.floor(maxSequenceLength / 4))
    const encoder = new CrossEncoder(pool, tokenizer, { ...DEFAULT_WINDOW_SETTINGS, maxSequenceLength, stride })
    try {
      await encoder.score('', [''])
    } catch (error) {
      await pool[Symbol.asyncDispose]()
      throw error
    }
    return encoder
  }

  /** @returns a logit for each passage, in their order; of one that needs several windows, the best of them. */
  async score(question: string, passages: readonly string[]): Promise<number[]> {
    const asked = await this.#tokenizer.encode(question)
    const windows = await Promise.all(
      passages.map(async (text) =>
        makeWindows(asked, await this.#tokenizer.encode(text), this.#tokenizer, this.#settings),
      ),
    )
    const outputs = await this.#pool.run(
      windows.flat().map(({ inputIds, tokenTypeIds }) => ({ inputIds, tokenTypeIds })),
    )
    const logits = outputs.map(({ logits }) => {
      if (logits?.length === 1) return logits[0] as number
      throw new DocentError('MODEL_INCOMPATIBLE', 'the graph of the reranker has no output `logits` of one number')
    })
    let next = 0
    return windows.map((ofPassage) => Math.max(...ofPassage.map(() => logits[next++] as number)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]()
  }
}

async function readPositions(folder: string): Promise<number> {
  const path = join(folder, 'config.json')
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
  const { data: config } = configSchema.safeParse(json)
  if (config && Object.keys(config.id2label ?? {}).length <= 1) return config.max_position_embeddings
  throw new DocentError('MODEL_INCOMPATIBLE', `${path}: a reranker is a model ForSequenceClassification with one label`)
}

async function graphOf(folder: string): Promise<string> {
  for (const name of GRAPHS) if (await exists(join(folder, name))) return join(folder, name)
  throw new DocentError('MODEL_CORRUPT', `${folder} has neither ${GRAPHS.join(' nor ')}`)
}
