/**
 * From SQuAD examples to batches. Windows come from text/windows, as in evaluation and serving. A window that lost the
 * answer (or never had one) points at [CLS].
 */
import type { SquadAnswer, SquadExample } from '../text/squad.js'
import type { Encoding, Tokenizer } from '../text/tokenizer.js'
import { makeWindows, type Window, type WindowSettings } from '../text/windows.js'
import type { LabelledInput } from './model.js'
import { randomStream, shuffle } from './random.js'

/** Every window of every example, in order. */
export async function makeLabelledWindows(
  examples: readonly SquadExample[],
  tokenizer: Tokenizer,
  settings: WindowSettings,
): Promise<LabelledInput[]> {
  const labelled: LabelledInput[] = []
  let context = ''
  let encodedContext: Encoding | null = null
  for (const example of examples) {
    // Questions of one paragraph stand together in a SQuAD file.
    if (!encodedContext || example.context !== context) {
      context = example.context
      encodedContext = await tokenizer.encode(context)
    }
    const question = await tokenizer.encode(example.question.trim())
    const answer = agreedAnswer(example.answers)
    const span = answer ? { start: answer.start, end: answer.start + answer.text.length } : null
    for (const window of makeWindows(question, encodedContext, tokenizer, settings)) {
      labelled.push({ inputIds: window.inputIds, tokenTypeIds: window.tokenTypeIds, ...findTokens(window, span) })
    }
  }
  return labelled
}

/** What most annotators marked; of equally many the first. Annotators who are alone are often wrong. */
export function agreedAnswer(answers: readonly SquadAnswer[]): SquadAnswer | undefined {
  const votes = (answer: SquadAnswer): number =>
    answers.filter(({ start, text }) => start === answer.start && text === answer.text).length
  return answers.reduce<SquadAnswer | undefined>(
    (best, answer) => (best === undefined || votes(answer) > votes(best) ? answer : best),
    undefined,
  )
}

/** First and last token that the span touches, as indices into the window; both 0 when part of it lies outside. */
export function findTokens(
  { starts, ends, contextOffset }: Pick<Window, 'starts' | 'ends' | 'contextOffset'>,
  span: { readonly start: number; readonly end: number } | null,
): { start: number; end: number } {
  const none = { start: 0, end: 0 }
  const count = starts.length
  if (!span || count === 0) return none
  if (span.start < (starts[0] as number) || span.end > (ends[count - 1] as number)) return none
  let first = 0
  while (first < count && (ends[first] as number) <= span.start) first++
  let last = count - 1
  while (last >= 0 && (starts[last] as number) >= span.end) last--
  // A span of characters that the tokenizer drops touches no token.
  return first <= last ? { start: contextOffset + first, end: contextOffset + last } : none
}

/** Indices of the windows in the order in which an epoch sees them: a function of seed and epoch alone. */
export function epochOrder(windowCount: number, seed: number, epoch: number): Int32Array {
  return shuffle(
    Int32Array.from({ length: windowCount }, (_, index) => index),
    randomStream(seed, 2, epoch),
  )
}

/** Where a run stands in its data: the next window to see. */
export interface DataPosition {
  readonly epoch: number
  /** Windows of this epoch already seen. */
  readonly offset: number
}

/** The next batch and the position after it. A batch does not cross epochs, so the last one of an epoch may be smaller. */
export function nextBatch(
  windows: readonly LabelledInput[],
  order: Int32Array,
  position: DataPosition,
  batchSize: number,
): { batch: LabelledInput[]; next: DataPosition } {
  const offset = Math.min(position.offset + batchSize, windows.length)
  const batch = Array.from(order.subarray(position.offset, offset), (index) => windows[index] as LabelledInput)
  const next = offset === windows.length ? { epoch: position.epoch + 1, offset: 0 } : { epoch: position.epoch, offset }
  return { batch, next }
}

/**
 * Cuts a batch, sorted by length so that windows of one length share their attention products, into parts of at most
 * `maxTokens` (a longer window alone makes a part).
 */
export function cutMicroBatches(batch: readonly LabelledInput[], maxTokens: number): LabelledInput[][] {
  const sorted = [...batch].sort((left, right) => left.inputIds.length - right.inputIds.length)
  const parts: LabelledInput[][] = []
  let room = 0
  for (const window of sorted) {
    if (parts.length === 0 || window.inputIds.length > room) {
      parts.push([])
      room = maxTokens
    }
    parts.at(-1)?.push(window)
    room -= window.inputIds.length
  }
  return parts
}
