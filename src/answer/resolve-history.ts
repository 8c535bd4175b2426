/**
 * A follow-up question made to stand alone. The rule, simple and stated so that a later one can be measured against it:
 * a question **leans** on the conversation when it has a word that points back (it, they, that, there, ...), begins like
 * a continuation ("and ...", "what about ...", "why?"), or has fewer than two content words. A question that leans is
 * retrieved and read with the text of the question before it joined on, and that one, when it leaned too, with the one
 * before. The question itself comes first, because a reader cuts the end of what is too long. Answers of earlier turns
 * are left out: a wrong one would pull every later question with it.
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

/** At most so many earlier questions are joined on. */
const MAX_EARLIER = 2

export function resolveHistory(question: string, history: readonly Turn[]): string {
  const joined = [question.trim()]
  for (const turn of history.toReversed()) {
    if (joined.length > MAX_EARLIER || !leans(joined.at(-1) as string)) break
    const earlier = turn.question.trim()
    if (earlier !== '') joined.push(earlier)
  }
  return joined.join(' ')
}

export function leans(question: string): boolean {
  const words = question.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []
  if (CONTINUES.test(question.trim()) || words.some((word) => POINTS_BACK.has(word))) return true
  return words.filter((word) => !FUNCTION_WORDS.has(word)).length < 2
}
