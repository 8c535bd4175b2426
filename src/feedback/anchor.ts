/** Spans that are true: `canonicalText.slice(start, end) === text`, checked here wherever a span enters. */
import type { AnchoredSpan, DocumentVersion, Interaction } from '../domain.js'
import { DocentError } from '../errors.js'
import type { DocumentReader } from '../store/store.js'
import type { CorrectionSpan } from './submission.js'

const QUOTE_LENGTH = 80
/** Places named to somebody who must choose one. */
const NAMED_PLACES = 5

/** @throws DOCUMENT_NOT_FOUND, also when the document was deleted and its text with it. */
export async function documentVersion(
  documents: DocumentReader,
  documentId: string,
  version: number,
): Promise<DocumentVersion> {
  const document = await documents.get(documentId)
  const found = await documents.version(documentId, version)
  // A deleted document keeps its rows as a tombstone.
  if (found && document && document.status !== 'DELETED') return found
  if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${documentId}`)
  throw new DocentError(
    'DOCUMENT_NOT_FOUND',
    document.status === 'DELETED'
      ? `document ${documentId} was deleted`
      : `document ${documentId} has no version ${version}; the current one is ${document.currentVersion}`,
  )
}

/** @throws OFFSET_OUT_OF_RANGE; TEXT_MISMATCH quoting what stands there. */
export function checkSpan({ canonicalText, documentId, version }: DocumentVersion, span: AnchoredSpan): AnchoredSpan {
  const { start, end, text } = span
  if (start < 0 || end > canonicalText.length || start >= end) {
    throw new DocentError(
      'OFFSET_OUT_OF_RANGE',
      `${start} to ${end} is no span of version ${version} of document ${documentId}, ` +
        `which has ${canonicalText.length} UTF-16 units`,
    )
  }
  const found = canonicalText.slice(start, end)
  if (found !== text) {
    throw new DocentError(
      'TEXT_MISMATCH',
      `version ${version} of document ${documentId} reads ${quote(found)} at ${start} to ${end}, not ${quote(text)}`,
    )
  }
  return span
}

/** The span that a correction means, found by its text where it has no offsets. */
export async function anchor(
  documents: DocumentReader,
  interaction: Interaction,
  given: CorrectionSpan,
): Promise<AnchoredSpan> {
  const number = given.documentVersion ?? (await impliedVersion(documents, interaction, given.documentId))
  const version = await documentVersion(documents, given.documentId, number)
  const { text } = given
  const start =
    given.start ?? (given.end === undefined ? findText(version, interaction, text) : given.end - text.length)
  const end = given.end ?? start + text.length
  return checkSpan(version, { documentId: given.documentId, documentVersion: number, start, end, text })
}

/** What the user saw: the version among the passages of the interaction, else the current one. */
async function impliedVersion(documents: DocumentReader, { passages }: Interaction, documentId: string) {
  const seen = passages.find((passage) => passage.documentId === documentId)
  return seen?.documentVersion ?? (await documents.get(documentId))?.currentVersion ?? 0
}

function findText(version: DocumentVersion, { passages }: Interaction, text: string): number {
  const where = `version ${version.version} of document ${version.documentId}`
  const places = occurrences(version.canonicalText, text)
  if (places.length === 0) throw new DocentError('TEXT_MISMATCH', `${quote(text)} does not stand in ${where}`)
  const shown = passages.filter(
    (passage) => passage.documentId === version.documentId && passage.documentVersion === version.version,
  )
  const read = places.filter((start) => shown.some((p) => p.start <= start && start + text.length <= p.end))
  const [only, second] = places.length === 1 ? places : read
  if (only === undefined || second !== undefined) {
    const choices = read.length > 0 ? read : places
    const named = choices.slice(0, NAMED_PLACES).join(', ') + (choices.length > NAMED_PLACES ? ', …' : '')
    throw new DocentError(
      'INVALID_INPUT',
      `${quote(text)} stands ${places.length} times in ${where}, ${read.length} of them in the passages of the ` +
        `interaction: send start too (${named})`,
    )
  }
  return only
}

function occurrences(canonicalText: string, text: string): number[] {
  const places: number[] = []
  for (let at = canonicalText.indexOf(text); at >= 0; at = canonicalText.indexOf(text, at + 1)) places.push(at)
  return places
}

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text)
}
