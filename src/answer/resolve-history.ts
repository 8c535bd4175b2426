/**
 * A follow-up question made to stand alone. The rule, simple and stated so that a later one can be measured against it:
 * a question **leans** on the conversation when it has a word that points back (it, they, that, there, ...), begins like
 * a continuation ("and ...", "what about ...", "why?"), or has fewer than two content words. A question that leans is
 * retrieved and read with the previous question's text in front of it, and that one, when it leaned too, with the one
 * before. Answers of earlier turns are left out: a wrong one would pull every later question with it.
 */
import type { Turn } from '../domain.js'

const POINTS_BACK = new Set(
  (
    'it its itself they them their theirs he him his she her hers this that these those there then one ones former ' +
    'latter same such else'
  ).split(' '),
)
const CONTINUES = /^(and|but|or|so|also|then|what about|how about|why|why not|how so|since when|what else)\b/i
const FUNCTION_WORDS = new Set(
  (
    'a an the is are was were be been do does did done can could may might must shall should will would have has had ' +
    'what which who whom whose when where why how much many long often far old of to in on at by for from with about ' +
    'into as and or but not no if i you we me us my your our any some there'
  ).split(' '),
)

/** At most so many earlier questions are put in front. */
const MAX_EARLIER = 2

export function resolveHistory(question: string, history: readonly Turn[]): string {
  const earlier: string[] = []
  let text = question
  for (const turn of history.toReversed()) {
    if (!leans(text) || earlier.length === MAX_EARLIER) break
    text = turn.question.trim()
    if (text !== '') earlier.unshift(text)
  }
  return [...earlier, question].join(' ')
}

export function leans(question: string): boolean {
  const words = question.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []
  if (CONTINUES.test(question.trim()) || words.some((word) => POINTS_BACK.has(word))) return true
  return words.filter((word) => !FUNCTION_WORDS.has(word)).length < 2
}
