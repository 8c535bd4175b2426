/** Labels as dataset rows, each checked against the document version it was anchored to. */
import type { Label } from '../domain.js'
import { DocentError } from '../errors.js'
import type { Reader } from '../store/store.js'
import { contextKey, type SquadExample } from '../text/squad.js'
import type { Context, Place } from './leak-groups.js'
import type { Row } from './split.js'

export interface LabelRows {
  /** In the order of documents and places. */
  readonly rows: Row[]
  /** Contexts of labels that newer ones replaced. */
  readonly replaced: Context[]
}

interface PlacedRow extends Row {
  readonly place: Place
}

/**
 * Every label whose document still has its text; of several that ask the same of the same passage the newest counts.
 * @throws INVALID_DATASET naming the label whose span is not what stands in the document
 */
export async function labelRows({ labels, documents }: Pick<Reader, 'labels' | 'documents'>): Promise<LabelRows> {
  const texts = new Map<string, string | undefined>()
  const kept = new Map<string, PlacedRow[]>()
  const replaced: Context[] = []
  for (const label of (await labels.all()).sort(newestFirst)) {
    const key = `${label.documentId}@${label.documentVersion}`
    if (!texts.has(key)) {
      texts.set(key, (await documents.version(label.documentId, label.documentVersion))?.canonicalText)
    }
    const text = texts.get(key)
    // A deleted document, whose text is emptied, takes what was taught from it along.
    if (!text) continue
    const row = toRow(label, text)
    const question = contextKey(label.question)
    const same = kept.get(question) ?? []
    if (same.some((newer) => asksOfTheSame(newer, row))) {
      replaced.push({ text: row.example.context, places: [row.place] })
    } else kept.set(question, [...same, row])
  }
  return { rows: [...kept.values()].flat().sort(byPlace), replaced }
}

function toRow({ id, question, answer, ...label }: Label, text: string): PlacedRow {
  const { documentId, documentVersion: version, contextStart: start, contextEnd: end } = label
  const context = text.slice(start, end)
  const place = { documentId, version, start, end }
  const title = `${documentId}@${version}`
  if (!answer) return { place, example: { id, title, question, context, answers: [], isImpossible: true } }
  const answers = [{ text: answer.text, start: answer.start - start }]
  const example: SquadExample = { id, title, question, context, answers, isImpossible: false }
  if (answer.start < start || context.slice(answer.start - start, answer.end - start) !== answer.text) {
    throw new DocentError('INVALID_DATASET', `label ${id}: ${title} does not read its answer at ${answer.start}`)
  }
  return { place, example }
}

function asksOfTheSame(left: PlacedRow, right: PlacedRow): boolean {
  if (left.example.context === right.example.context) return true
  const [a, b] = [left.place, right.place]
  return a.documentId === b.documentId && a.version === b.version && a.start < b.end && b.start < a.end
}

function newestFirst(left: Label, right: Label): number {
  return right.createdAt.getTime() - left.createdAt.getTime() || (left.id < right.id ? 1 : -1)
}

function byPlace({ place: a, example: left }: PlacedRow, { place: b, example: right }: PlacedRow): number {
  // Compared by code units: a locale must not decide what a dataset is called.
  if (a.documentId !== b.documentId) return a.documentId < b.documentId ? -1 : 1
  return a.version - b.version || a.start - b.start || (left.id < right.id ? -1 : 1)
}
