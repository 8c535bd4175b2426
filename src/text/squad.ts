/**
 * SQuAD 1.1 and 2.0 files: what training and evaluation data travels in. There `answer_start` counts code points; inside
 * Docent everything counts UTF-16 code units, and this file is the border.
 */
import { createHash } from 'node:crypto'
import { DocentError } from '../errors.js'
import { codePointOffsets } from './tokenizer.js'

export interface SquadAnswer {
  readonly text: string
  /** UTF-16 offset into the context. */
  readonly start: number
}

export interface SquadExample {
  readonly id: string
  readonly title: string
  readonly question: string
  readonly context: string
  /** Empty exactly when `isImpossible`. */
  readonly answers: readonly SquadAnswer[]
  readonly isImpossible: boolean
}

/** An answer whose words do not stand at its offset was moved to where they stand next to it. Code points, as in the file. */
export interface Repair {
  readonly id: string
  readonly text: string
  readonly from: number
  readonly to: number
}

export interface ParseOptions {
  /** Told of every answer that was moved. Without it such an answer is an error. */
  readonly onRepair?: (repair: Repair) => void
}

/**
 * @param source the file's name, for messages.
 * @throws INVALID_DATASET naming the file, the question and what is wrong, at the first row that is not as it should be.
 */
export function parseSquad(json: unknown, source: string, options: ParseOptions = {}): SquadExample[] {
  const examples: SquadExample[] = []
  const ids = new Set<string>()
  const file = new Row(json, source)
  for (const article of file.list('data')) {
    const title = article.has('title') ? article.text('title') : ''
    for (const paragraph of article.list('paragraphs')) {
      const context = paragraph.text('context')
      const toUtf16 = codePointOffsets(context)
      for (const row of paragraph.list('qas')) {
        const example = parseQuestion(row, title, context, toUtf16, options)
        if (ids.has(example.id)) row.fail(`the id "${example.id}" stands twice in the file`)
        ids.add(example.id)
        examples.push(example)
      }
    }
  }
  return examples
}

function parseQuestion(
  row: Row,
  title: string,
  context: string,
  toUtf16: Int32Array | null,
  { onRepair }: ParseOptions,
): SquadExample {
  const id = row.text('id')
  const named = new Row(row.value, `${row.where} (${id})`)
  const isImpossible = named.has('is_impossible') && named.flag('is_impossible')
  // In SQuAD 2.0 an unanswerable question has no answers; what annotators tried is under `plausible_answers`.
  const rows = isImpossible && !named.has('answers') ? [] : named.list('answers')
  if (isImpossible && rows.length > 0) named.fail('is_impossible is true and there are answers')
  if (!isImpossible && rows.length === 0) named.fail('there is no answer and is_impossible is not true')
  const answers = rows.map((answer) => {
    const text = answer.text('text')
    if (text === '') answer.fail('the answer is empty')
    const codePoint = answer.offset('answer_start')
    const start = toUtf16 ? (toUtf16[codePoint] ?? context.length) : codePoint
    if (context.slice(start, start + text.length) === text) return { text, start }
    const nearest = onRepair && nearestOccurrence(context, text, start)
    if (nearest === undefined) {
      return answer.fail(`the context does not read ${JSON.stringify(text)} at code point ${codePoint}`)
    }
    onRepair?.({ id, text, from: codePoint, to: countCodePoints(context, nearest) })
    return { text, start: nearest }
  })
  return { id, title, question: named.text('question'), context, answers, isImpossible }
}

function nearestOccurrence(context: string, text: string, offset: number): number | undefined {
  const before = context.lastIndexOf(text, offset)
  const after = context.indexOf(text, offset)
  if (before < 0 || after < 0) return before < 0 && after < 0 ? undefined : Math.max(before, after)
  return offset - before <= after - offset ? before : after
}

/** A part of the file and where it stands, so that a message can say which row is wrong. */
class Row {
  constructor(
    readonly value: unknown,
    readonly where: string,
  ) {}

  fail(reason: string): never {
    throw new DocentError('INVALID_DATASET', `${this.where}: ${reason}`)
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  list(key: string): Row[] {
    const value = this.#get(key)
    if (!Array.isArray(value)) this.fail(`"${key}" must be a list`)
    return value.map((entry, index) => new Row(entry, `${this.where}, ${key}[${index}]`))
  }

  text(key: string): string {
    const value = this.#get(key)
    if (typeof value !== 'string') this.fail(`"${key}" must be a string`)
    return value
  }

  flag(key: string): boolean {
    const value = this.#get(key)
    if (typeof value !== 'boolean') this.fail(`"${key}" must be true or false`)
    return value
  }

  offset(key: string): number {
    const value = this.#get(key)
    if (!Number.isSafeInteger(value) || (value as number) < 0) this.fail(`"${key}" must be a whole number from 0`)
    return value as number
  }

  #get(key: string): unknown {
    if (typeof this.value !== 'object' || this.value === null) this.fail('must be an object')
    return (this.value as Record<string, unknown>)[key]
  }
}

/** True for SQuAD 2.0 material. Scoring without any unanswerable question never abstains, as SQuAD 1.1 has it. */
export function hasUnanswerable(examples: readonly SquadExample[]): boolean {
  return examples.some((example) => example.isImpossible)
}

export interface SquadFile {
  version: string
  data: {
    title: string
    paragraphs: {
      context: string
      qas: {
        id: string
        question: string
        answers: { text: string; answer_start: number }[]
        is_impossible?: boolean
      }[]
    }[]
  }[]
}

/** The way back from {@link parseSquad}, in the same order; SQuAD 2.0 when a question is unanswerable, else 1.1. */
export function toSquad(examples: readonly SquadExample[]): SquadFile {
  const unanswerable = hasUnanswerable(examples)
  const data: SquadFile['data'] = []
  for (const example of examples) {
    let article = data.at(-1)
    if (article?.title !== example.title) {
      article = { title: example.title, paragraphs: [] }
      data.push(article)
    }
    let paragraph = article.paragraphs.at(-1)
    if (paragraph?.context !== example.context) {
      paragraph = { context: example.context, qas: [] }
      article.paragraphs.push(paragraph)
    }
    paragraph.qas.push({
      id: example.id,
      question: example.question,
      answers: example.answers.map(({ text, start }) => ({
        text,
        answer_start: countCodePoints(example.context, start),
      })),
      ...(unanswerable ? { is_impossible: example.isImpossible } : {}),
    })
  }
  return { version: unanswerable ? 'v2.0' : '1.1', data }
}

function countCodePoints(text: string, end: number): number {
  let count = 0
  for (let offset = 0; offset < end; count++) offset += (text.codePointAt(offset) as number) > 0xffff ? 2 : 1
  return count
}

/**
 * The identity of a context for keeping evaluation out of training: equal for texts that differ only in case, spacing,
 * punctuation or Unicode form. sha256 (hex).
 */
export function contextKey(context: string): string {
  const words = context
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim()
  return createHash('sha256').update(words, 'utf8').digest('hex')
}
