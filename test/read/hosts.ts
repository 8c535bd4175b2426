/** Two readers that need no graph: one that knows two words, and what the real transformers computed for the tiny model. */
import { readFileSync } from 'node:fs'
import type { ReaderHost } from '../../src/read/windows.js'
import type { Tokenizer } from '../../src/text/tokenizer.js'

/** Sure of every span from a `first` to a `last`, less so the further a window is from having both. */
export async function keywordHost(tokenizer: Tokenizer, first: string, last: string): Promise<ReaderHost> {
  const [firstId] = (await tokenizer.encode(first)).ids
  const lastId = (await tokenizer.encode(last)).ids.at(-1)
  const logits = (ids: Int32Array, wanted: number | undefined): Float32Array =>
    Float32Array.from(ids, (id, index) => (index === 0 ? 0 : id === wanted ? 5 : -4))
  return {
    run: async (inputs) =>
      inputs.map(({ inputIds }) => ({ start_logits: logits(inputIds, firstId), end_logits: logits(inputIds, lastId) })),
  }
}

export interface ReferenceRow {
  readonly question: string
  readonly context: string
  readonly input_ids: number[]
  readonly start_logits: number[]
  readonly end_logits: number[]
}

export const REFERENCE: ReferenceRow[] = JSON.parse(readFileSync('test/fixtures/tiny-model/reference.json', 'utf8'))

/** The tiny model on the reference windows, and on nothing else. */
export const referenceHost: ReaderHost = {
  run: async (inputs) =>
    inputs.map(({ inputIds }) => {
      const row = REFERENCE.find(({ input_ids: ids }) => ids.join() === inputIds.join()) as ReferenceRow
      return { start_logits: Float32Array.from(row.start_logits), end_logits: Float32Array.from(row.end_logits) }
    }),
}
