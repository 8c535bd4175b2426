import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DocentError } from '../../src/errors.js'
import { leakGroups, type Place } from '../../src/feedback/leak-groups.js'
import { type History, type Row, type Split, splitRows } from '../../src/feedback/split.js'

const NOTHING: History = { trained: [], heldOut: [], reserved: [] }

/** Documents of words that no other document has, so that only places and versions tie contexts together. */
function row(id: string, { documentId, version, start, end }: Place, answerable = true): Row {
  const words = Array.from({ length: end - start }, (_, index) => `${documentId}w${start + index}`)
  const context = words.join(' ')
  const answers = answerable ? [{ text: words[0] as string, start: 0 }] : []
  const example = { id, title: documentId, question: `question ${id}?`, context, answers, isImpossible: !answerable }
  return { example, place: { documentId, version, start, end } }
}

const rowsArbitrary = fc
  .array(
    fc.record({
      document: fc.integer({ min: 0, max: 7 }),
      version: fc.integer({ min: 1, max: 2 }),
      start: fc.integer({ min: 0, max: 120 }),
      length: fc.integer({ min: 3, max: 40 }),
      answerable: fc.boolean(),
    }),
    { minLength: 8, maxLength: 40 },
  )
  .map((drawn) =>
    drawn.map(({ document, version, start, length, answerable }, index) =>
      row(`label-${index}`, { documentId: `d${document}`, version, start, end: start + length }, answerable),
    ),
  )

/** Undefined where there are too few. */
function trySplit(rows: readonly Row[], history: History = NOTHING): Split | undefined {
  try {
    return splitRows(rows, history)
  } catch (error) {
    expect((error as DocentError).code).toBe('TOO_FEW_LABELS')
    return undefined
  }
}

function ids(split: Split) {
  return { train: split.train.map(({ id }) => id), heldOut: split.heldOut.map(({ id }) => id) }
}

/** By its own measure: overlapping places, or a run of 12 words in both. */
function expectNoLeak(rows: readonly Row[], trainIds: readonly string[], heldOutIds: readonly string[]): void {
  const rowOf = new Map(rows.map((own) => [own.example.id, own]))
  for (const trainId of trainIds) {
    for (const heldOutId of heldOutIds) {
      const [a, b] = [rowOf.get(trainId), rowOf.get(heldOutId)]
      if (!a?.place || !b?.place || a.place.documentId !== b.place.documentId) continue
      const shared = Math.min(a.place.end, b.place.end) - Math.max(a.place.start, b.place.start)
      expect(shared).toBeLessThan(a.place.version === b.place.version ? 1 : 12)
    }
  }
}

describe('the split', () => {
  it('shares no text between the sides', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const split = trySplit(rows)
        if (!split) return
        const { train, heldOut } = ids(split)
        expectNoLeak(rows, train, heldOut)
        expect(split.leftOut).toBe(0)
        expect([...train, ...heldOut].sort()).toEqual(rows.map(({ example }) => example.id).sort())
      }),
    )
  })

  it('has an answer on both sides, and at most half of the rows held out', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const split = trySplit(rows)
        if (!split) return
        for (const side of [split.train, split.heldOut])
          expect(side.some((example) => !example.isImpossible)).toBe(true)
        expect(split.heldOut.length).toBeLessThanOrEqual(rows.length / 2)
      }),
    )
  })

  it('does not depend on the order of the rows', () => {
    const shuffled = rowsArbitrary.chain((rows) =>
      fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
    )
    fc.assert(
      fc.property(shuffled, ([rows, others]) => {
        const [a, b] = [trySplit(rows), trySplit(others)]
        expect(b?.heldOut.map(({ id }) => id).sort()).toEqual(a?.heldOut.map(({ id }) => id).sort())
      }),
    )
  })

  it('never trains on what was held out before, nor holds out what trained before, however labels are added', () => {
    fc.assert(
      fc.property(fc.array(rowsArbitrary, { minLength: 2, maxLength: 4 }), (batches) => {
        const trained = new Map<string, Row>()
        const heldOut = new Map<string, Row>()
        const rows: Row[] = []
        for (const [number, batch] of batches.entries()) {
          rows.push(
            ...batch.map(({ example, ...rest }) => ({
              ...rest,
              example: { ...example, id: `${number}-${example.id}` },
            })),
          )
          const contexts = (known: Map<string, Row>) => [...known.values()].map(({ example }) => example.context)
          const split = trySplit(rows, { trained: contexts(trained), heldOut: contexts(heldOut), reserved: [] })
          const rowOf = (id: string) => rows.find(({ example }) => example.id === id) as Row
          for (const { id } of split?.train ?? []) trained.set(id, rowOf(id))
          for (const { id } of split?.heldOut ?? []) heldOut.set(id, rowOf(id))
        }
        expectNoLeak(rows, [...trained.keys()], [...heldOut.keys()])
      }),
      { numRuns: 40 },
    )
  })

  it('holds out about a quarter', () => {
    const rows = Array.from({ length: 80 }, (_, index) =>
      row(`label-${index}`, { documentId: `d${index}`, version: 1, start: 0, end: 30 }),
    )
    expect(splitRows(rows, NOTHING).heldOut).toHaveLength(20)
    expect(splitRows(rows.slice(0, 8), NOTHING).heldOut).toHaveLength(3)
  })

  it('leaves out what shares text with a reserved context', () => {
    const rows = Array.from({ length: 12 }, (_, index) =>
      row(`label-${index}`, { documentId: `d${index}`, version: 1, start: 0, end: 30 }),
    )
    const reserved = [row('other', { documentId: 'd3', version: 9, start: 20, end: 60 }).example.context]
    const split = splitRows(rows, { ...NOTHING, reserved })
    expect([...split.train, ...split.heldOut].map(({ id }) => id)).not.toContain('label-3')
    expect(split.leftOut).toBe(1)
  })

  it('says how many labels there are and how many are needed', () => {
    const rows = Array.from({ length: 9 }, (_, index) =>
      row(`label-${index}`, { documentId: 'd', version: 1, start: index, end: index + 30 }),
    )
    expect(() => splitRows(rows.slice(0, 5), NOTHING)).toThrow(
      'there are 5 usable labels in 1 groups of passages that share no text; training needs at least 8 in at least 2',
    )
    expect(() => splitRows(rows, NOTHING)).toThrow(DocentError)
  })
})

describe('groups of contexts that share text', () => {
  const words = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `w${from + index}`).join(' ')
  const grouped = (...texts: string[]) => {
    const [first, second] = leakGroups(texts.map((text) => ({ text, places: [] })))
    return first === second
  }

  it('join near-equal passages of different documents, whatever their case, spacing and punctuation', () => {
    expect(grouped(words(0, 100), words(0, 100).toUpperCase().replaceAll(' ', ', \n'))).toBe(true)
    expect(grouped(words(0, 100), words(60, 160))).toBe(true)
    expect(grouped(words(0, 12), words(0, 300))).toBe(true)
    expect(grouped('Yes.', `well, yes ${words(0, 50)}`)).toBe(true)
  })

  it('part passages that only share a phrase', () => {
    expect(grouped(words(0, 100), `${words(90, 98)} ${words(200, 300)}`)).toBe(false)
    expect(grouped(words(0, 100), words(100, 200))).toBe(false)
    expect(grouped('Yes.', words(0, 50))).toBe(false)
  })

  it('join a smaller overlap where two versions of one document meet', () => {
    const context = (text: string, version: number) => ({
      text,
      places: [{ documentId: 'd', version, start: 0, end: text.length }],
    })
    const [first, second] = leakGroups([context(words(0, 200), 1), context(words(186, 400), 2)])
    expect(first).toBe(second)
  })
})
