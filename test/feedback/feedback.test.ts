import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Correction, DocumentVersion, Interaction } from '../../src/domain.js'
import { Feedback, type Submission } from '../../src/feedback/feedback.js'
import {
  addCollection,
  addDocument,
  addInteraction,
  addVersion,
  answer,
  openScratch,
  passage,
  type Scratch,
} from './seed.js'

const TEXT = [
  'The café 🍰 opens at nine. On Sundays it opens at ten.',
  'Ask Maria for the key. The key hangs behind the door.',
  'Cakes are 🍰 baked daily by Maria.',
].join('\n\n')

describe('feedback', () => {
  let scratch: Scratch
  let feedback: Feedback
  let collectionId: string
  let version: DocumentVersion
  let interaction: Interaction
  let given: Answer

  beforeAll(async () => {
    scratch = await openScratch()
    feedback = new Feedback(scratch)
    collectionId = await addCollection(scratch.store)
    version = await addDocument(scratch.store, collectionId, TEXT)
    const opening = passage(version, 0, TEXT.indexOf('\n\n'))
    const baking = passage(version, TEXT.indexOf('Cakes'), TEXT.length)
    given = answer(version, 'nine', opening)
    interaction = await addInteraction(scratch.store, 'When does the café open?', [opening, baking], [given])
  })
  afterAll(() => scratch[Symbol.asyncDispose]())

  const submit = (fields: Partial<Submission>) =>
    feedback.submit({ interactionId: interaction.id, verdict: 'CORRECTED', ...fields } as Submission)
  const correct = (text: string, place: { start?: number; end?: number; documentVersion?: number } = {}) =>
    submit({ correction: { documentId: version.documentId, text, ...place } })
  const labelOf = async ({ id }: Correction) =>
    (await scratch.store.reader.labels.all()).find(({ correctionId }) => correctionId === id)

  it('finds the one place of a text, and counts offsets in UTF-16 units', async () => {
    const { span, status } = await correct('baked daily')
    expect(TEXT.slice(span?.start, span?.end)).toBe('baked daily')
    expect(span).toMatchObject({ documentId: version.documentId, documentVersion: 1, text: 'baked daily' })
    expect(status).toBe('PENDING')
  })

  it('takes the place in a passage of the interaction when a text stands more than once', async () => {
    const { span } = await correct('Maria')
    expect(span?.start).toBe(TEXT.lastIndexOf('Maria'))
  })

  it('says how often a text stands there when its place cannot be told', async () => {
    const refused = correct('opens at')
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(refused).rejects.toThrow(
      /stands 2 times in version 1 .* 2 of them in the passages .*: send start too \(\d+, \d+\)/,
    )
    await expect(correct('key')).rejects.toThrow(/2 times .* 0 of them/)
  })

  it('takes a span at its offsets, or at one of them', async () => {
    const start = TEXT.indexOf('key')
    for (const place of [{ start, end: start + 3 }, { start }, { end: start + 3 }]) {
      expect((await correct('key', place)).span).toMatchObject({ start, end: start + 3 })
    }
  })

  it('quotes what stands there when a text is not it', async () => {
    const refused = correct('cake', { start: 4, end: 8 })
    await expect(refused).rejects.toMatchObject({ code: 'TEXT_MISMATCH' })
    await expect(refused).rejects.toThrow('reads "café" at 4 to 8, not "cake"')
    await expect(correct('the bakery')).rejects.toMatchObject({ code: 'TEXT_MISMATCH' })
  })

  it('refuses offsets outside the document', async () => {
    for (const [start, end] of [
      [-1, 3],
      [TEXT.length, TEXT.length + 3],
      [5, 5],
      [9, 4],
    ] as const) {
      await expect(correct('key', { start, end })).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
    }
    await expect(correct('key', { start: 1.5 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('refuses half a character and a blank text', async () => {
    for (const text of ['\ud83c', ' \n', '']) {
      await expect(correct(text)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })

  it('names what does not exist', async () => {
    await expect(submit({ interactionId: 'none', verdict: 'INCORRECT' })).rejects.toMatchObject({
      code: 'INTERACTION_NOT_FOUND',
    })
    await expect(submit({ correction: { documentId: 'none', text: 'key' } })).rejects.toMatchObject({
      code: 'DOCUMENT_NOT_FOUND',
    })
    await expect(correct('baked', { documentVersion: 7 })).rejects.toThrow(/no version 7; the current one is 1/)
    await expect(submit({ verdict: 'INCORRECT', answerId: 'none' })).rejects.toThrow(/does not belong to/)
    await expect(feedback.review('none', 'ACCEPT')).rejects.toMatchObject({ code: 'CORRECTION_NOT_FOUND' })
  })

  it('refuses verdicts with fields that do not go with them', async () => {
    const span = { documentId: version.documentId, text: 'daily' }
    for (const fields of [
      { verdict: 'CORRECT' },
      { verdict: 'CORRECTED' },
      { verdict: 'INCORRECT', correction: span },
      { verdict: 'NO_ANSWER', correction: span },
      { verdict: 'PERHAPS' },
    ]) {
      await expect(submit(fields as Partial<Submission>)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })

  it('takes the span of the answer that is confirmed', async () => {
    const { span } = await submit({ verdict: 'CORRECT', answerId: given.id })
    expect(span).toEqual({
      documentId: version.documentId,
      documentVersion: 1,
      start: given.start,
      end: given.end,
      text: 'nine',
    })
  })

  it('returns the earlier correction for an idempotency key it has seen', async () => {
    const key = { idempotencyKey: 'from-the-web-1' }
    const [first, second] = await Promise.all([
      submit({ verdict: 'INCORRECT', ...key }),
      submit({ verdict: 'NO_ANSWER', ...key }),
    ])
    expect(second).toEqual(first)
  })

  it('anchors to the version that the interaction showed, also after the document changed', async () => {
    const old = await addDocument(scratch.store, collectionId, 'Lunch is at noon.\n\nDinner is at six.')
    const asked = await addInteraction(scratch.store, 'When is dinner?', [passage(old, 19, 36)])
    await addVersion(scratch.store, old.documentId, 'Breakfast is at seven.\n\nDinner is at eight.')
    const correction = { documentId: old.documentId, text: 'at six' }
    const submitted = await submit({ interactionId: asked.id, correction })
    expect(submitted.span).toMatchObject({ documentVersion: 1, start: 29 })
    await feedback.review(submitted.id, 'ACCEPT')
    expect(await labelOf(submitted)).toMatchObject({ documentVersion: 1, contextStart: 19, contextEnd: 36 })
  })

  it('makes a label of an accepted span over the passage that holds it', async () => {
    const submitted = await correct('daily')
    const accepted = await feedback.review(submitted.id, 'ACCEPT', 'checked')
    expect(accepted).toMatchObject({ status: 'ACCEPTED', reviewReason: 'checked' })
    expect(await scratch.store.reader.corrections.get(submitted.id)).toMatchObject({ status: 'ACCEPTED' })
    const label = await labelOf(submitted)
    expect(label).toMatchObject({ question: 'When does the café open?', contextStart: TEXT.indexOf('Cakes') })
    expect(TEXT.slice(label?.answer?.start, label?.answer?.end)).toBe('daily')
  })

  it('takes the smallest run of chunks where no passage of the interaction holds the span', async () => {
    const inOne = await correct('behind the door')
    await feedback.review(inOne.id, 'ACCEPT')
    const start = TEXT.indexOf('Ask')
    expect(await labelOf(inOne)).toMatchObject({ contextStart: start, contextEnd: TEXT.indexOf('Cakes') - 2 })
    const acrossTwo = await correct('behind the door.\n\nCakes')
    await feedback.review(acrossTwo.id, 'ACCEPT')
    expect(await labelOf(acrossTwo)).toMatchObject({ contextStart: start, contextEnd: TEXT.length })
  })

  it('teaches "no answer" over the best passage', async () => {
    const submitted = await submit({ verdict: 'NO_ANSWER' })
    await feedback.review(submitted.id, 'ACCEPT')
    expect(await labelOf(submitted)).toMatchObject({ answer: null, contextStart: 0, contextEnd: TEXT.indexOf('\n\n') })
  })

  it('keeps what teaches nothing, without a label', async () => {
    const nothingFound = await addInteraction(scratch.store, 'Who?', [])
    const wrong = await submit({ verdict: 'INCORRECT', comment: 'no' })
    const empty = await submit({ interactionId: nothingFound.id, verdict: 'NO_ANSWER' })
    const rejected = await correct('baked')
    await feedback.review(wrong.id, 'ACCEPT')
    await feedback.review(empty.id, 'ACCEPT')
    await feedback.review(rejected.id, 'REJECT', 'not so')
    for (const correction of [wrong, empty, rejected]) expect(await labelOf(correction)).toBeUndefined()
    expect(await scratch.store.reader.corrections.get(wrong.id)).toMatchObject({ status: 'ACCEPTED', comment: 'no' })
  })

  it('reviews once', async () => {
    const { id } = await correct('baked')
    const outcomes = await Promise.allSettled([feedback.review(id, 'ACCEPT'), feedback.review(id, 'REJECT')])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(feedback.review(id, 'ACCEPT')).rejects.toMatchObject({ code: 'ALREADY_REVIEWED' })
  })

  it('leaves a correction pending when its document was deleted before the review', async () => {
    const doomed = await addDocument(scratch.store, collectionId, 'The safe is green.')
    const asked = await addInteraction(scratch.store, 'Which colour?', [passage(doomed, 0, 18)])
    const correction = { documentId: doomed.documentId, text: 'green' }
    const { id } = await submit({ interactionId: asked.id, correction })
    await scratch.store.transact(({ documents }) => documents.remove(doomed.documentId))
    await expect(feedback.review(id, 'ACCEPT')).rejects.toThrow(/was deleted/)
    expect(await scratch.store.reader.corrections.get(id)).toMatchObject({ status: 'PENDING' })
    await feedback.review(id, 'REJECT')
  })
})
