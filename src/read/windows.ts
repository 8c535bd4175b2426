/**
 * read/ turns passages into spans. Enters: a question and passages as plain text. Leaves: verbatim spans of them with
 * calibrated confidences, and the probability that none of them answers. Called by answer/ and evaluate/; it knows neither
 * documents nor the store.
 *
 * This file is the way through the model: windows in, logits out.
 */
import { DocentError } from '../errors.js'
import type { SpanLogits } from '../text/spans.js'
import type { Window } from '../text/windows.js'

type Input = Pick<Window, 'inputIds' | 'tokenTypeIds'>

/** What runs the reader's graph: onnx's session host. Every input is run alone, so that no result depends on another. */
export interface ReaderHost {
  run(inputs: readonly Input[]): Promise<readonly Readonly<Record<string, Float32Array>>[]>
}

/** The logits of each window, in order. */
export async function runWindows(host: ReaderHost, windows: readonly Input[]): Promise<SpanLogits[]> {
  const inputs = windows.map(({ inputIds, tokenTypeIds }) => ({ inputIds, tokenTypeIds }))
  const outputs = await host.run(inputs)
  return outputs.map(({ start_logits: startLogits, end_logits: endLogits }) => {
    if (!startLogits || !endLogits) {
      throw new DocentError('MODEL_INCOMPATIBLE', 'the graph has no outputs start_logits and end_logits')
    }
    return { startLogits, endLogits }
  })
}
