import { DocentError } from '../errors.js'
import type { PairTemplate } from './pair-template.js'
import type { Encoding } from './tokenizer.js'

export interface WindowSettings {
  /** Tokens of a window at most, special tokens included. */
  readonly maxSequenceLength: number
  /** Context tokens that neighbouring windows share, as `doc_stride` of Hugging Face's run_qa. */
  readonly stride: number
  /** Longer questions lose their end. */
  readonly maxQuestionTokens: number
}

export const DEFAULT_WINDOW_SETTINGS: WindowSettings = { maxSequenceLength: 384, stride: 128, maxQuestionTokens: 64 }

/** Question and context with the special tokens of the model around them (`[CLS] question [SEP] context [SEP]`), unpadded. */
export interface Window {
  readonly inputIds: Int32Array
  /** 0 for the question and its special tokens, then the template's `contextType`. */
  readonly tokenTypeIds: Int32Array
  /** Index in `inputIds` of the first context token. */
  readonly contextOffset: number
  /** UTF-16 offsets into the context, one for each context token of this window. */
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/**
 * At least one window, each beginning `room - stride` context tokens after the one before, until the context is covered:
 * the same windows as a fast Hugging Face tokenizer with `truncation="only_second"` and `return_overflowing_tokens`.
 * @throws UNSAFE_SETTINGS when the stride leaves no way forward.
 */
export function makeWindows(
  question: Encoding,
  context: Encoding,
  { pair }: { readonly pair: PairTemplate },
  settings: WindowSettings,
): Window[] {
  const questionIds = question.ids.subarray(0, settings.maxQuestionTokens)
  const specialCount = pair.before.length + pair.between.length + pair.after.length
  const room = settings.maxSequenceLength - questionIds.length - specialCount
  const step = room - settings.stride
  if (step < 1) {
    throw new DocentError(
      'UNSAFE_SETTINGS',
      `windows of ${settings.maxSequenceLength} tokens with a question of ${questionIds.length} tokens and an overlap of ` +
        `${settings.stride} never get past the first one`,
    )
  }
  const windows: Window[] = []
  for (let from = 0; ; from += step) {
    const to = Math.min(from + room, context.ids.length)
    windows.push(makeWindow(questionIds, context, from, to, pair))
    if (to === context.ids.length) return windows
  }
}

function makeWindow(
  questionIds: Int32Array,
  context: Encoding,
  from: number,
  to: number,
  { before, between, after, contextType }: PairTemplate,
): Window {
  const contextOffset = before.length + questionIds.length + between.length
  const contextEnd = contextOffset + (to - from)
  const inputIds = new Int32Array(contextEnd + after.length)
  inputIds.set(before)
  inputIds.set(questionIds, before.length)
  inputIds.set(between, before.length + questionIds.length)
  inputIds.set(context.ids.subarray(from, to), contextOffset)
  inputIds.set(after, contextEnd)
  const tokenTypeIds = new Int32Array(inputIds.length).fill(contextType, contextOffset)
  return {
    inputIds,
    tokenTypeIds,
    contextOffset,
    starts: context.starts.subarray(from, to),
    ends: context.ends.subarray(from, to),
  }
}
