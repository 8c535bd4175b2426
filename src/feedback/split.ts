/** Rows into those that train and those that are held out, so that neither this dataset nor an earlier one leaks. */
import { createHash } from 'node:crypto'
import { DocentError } from '../errors.js'
import type { SquadExample } from '../text/squad.js'
import { type Context, leakGroups, type Place } from './leak-groups.js'

export interface Row {
  readonly example: SquadExample
  /** Where the context stands; absent for rows of a file. */
  readonly place?: Place
}

/** Contexts of elsewhere. What trained once is never held out later, and the other way round. */
export interface History {
  readonly trained: readonly string[]
  readonly heldOut: readonly string[]
  /** What other measurements need untouched: a row that shares text with one of these is on neither side. */
  readonly reserved: readonly string[]
}

export interface Split {
  readonly train: SquadExample[]
  readonly heldOut: SquadExample[]
  /** Rows on neither side: each shares text with contexts of both, or with a reserved one. */
  readonly leftOut: number
}

export const MIN_ROWS = 8
const HELD_OUT_SHARE = 0.25
const MIN_HELD_OUT = 3
/** More would only make the gate slow. */
const MAX_HELD_OUT = 500

type Side = 'train' | 'heldOut'

interface Group {
  readonly rows: SquadExample[]
  readonly answerable: boolean
  /** Orders the groups by chance, but always in the same way. */
  readonly key: string
  /** What earlier datasets made of it; both: new rows joined groups that were apart. */
  readonly sides: ReadonlySet<Side>
  readonly reserved: boolean
}

/**
 * Deterministic: the same rows and history in any order of groups give the same split, each side in the order of `rows`.
 * @param others contexts without rows of their own that tie rows together
 * @throws TOO_FEW_LABELS saying how many there are and how many are needed
 */
export function splitRows(rows: readonly Row[], history: History, others: readonly Context[] = []): Split {
  const groups = groupRows(rows, history, others).filter(({ reserved }) => !reserved)
  const sides = new Map<SquadExample, Side>()
  for (const group of groups) {
    const [side] = group.sides
    if (group.sides.size === 1) for (const row of group.rows) sides.set(row, side as Side)
    if (group.sides.size === 2) keepKnownRows(group, history, sides)
  }
  for (const group of chooseHeldOut(groups)) for (const row of group.rows) sides.set(row, 'heldOut')
  for (const group of groups) {
    if (group.sides.size === 0) for (const row of group.rows) if (!sides.has(row)) sides.set(row, 'train')
  }
  const of = (side: Side) => rows.map(({ example }) => example).filter((example) => sides.get(example) === side)
  const split = { train: of('train'), heldOut: of('heldOut'), leftOut: rows.length - sides.size }
  check(split, groups.filter(({ rows: own }) => own.length > 0).length)
  return split
}

interface GrowingGroup extends Group {
  answerable: boolean
  key: string
  reserved: boolean
  readonly sides: Set<Side>
}

function groupRows(rows: readonly Row[], history: History, others: readonly Context[]): Group[] {
  const contexts = new Map<string, Place[]>()
  const add = (text: string, places: readonly Place[]) => {
    const known = contexts.get(text)
    if (known) known.push(...places)
    else contexts.set(text, [...places])
  }
  for (const { example, place } of rows) add(example.context, place ? [place] : [])
  for (const { text, places } of others) add(text, places)
  for (const text of [...history.trained, ...history.heldOut, ...history.reserved]) add(text, [])
  const texts = [...contexts.keys()].sort()
  const groupIds = leakGroups(texts.map((text) => ({ text, places: contexts.get(text) ?? [] })))
  const groups = new Map<number, GrowingGroup>()
  const ofText = new Map(texts.map((text, index) => [text, groupIds[index] as number]))
  for (const text of texts) {
    const id = ofText.get(text) as number
    const group = groups.get(id) ?? { rows: [], answerable: false, key: '~', sides: new Set<Side>(), reserved: false }
    const key = createHash('sha256').update(text).digest('hex')
    if (key < group.key) group.key = key
    groups.set(id, group)
  }
  const groupAt = (text: string) => groups.get(ofText.get(text) as number)
  for (const text of history.trained) groupAt(text)?.sides.add('train')
  for (const text of history.heldOut) groupAt(text)?.sides.add('heldOut')
  for (const text of history.reserved) (groupAt(text) as GrowingGroup).reserved = true
  for (const { example } of rows) {
    const group = groupAt(example.context)
    group?.rows.push(example)
    if (group && !example.isImpossible) group.answerable = true
  }
  return [...groups.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** New rows that tie a trained context to a held-out one are on neither side; the others stay where they were. */
function keepKnownRows({ rows }: Group, history: History, sides: Map<SquadExample, Side>): void {
  const trained = new Set(history.trained)
  const heldOut = new Set(history.heldOut)
  for (const row of rows) {
    if (trained.has(row.context)) sides.set(row, 'train')
    else if (heldOut.has(row.context)) sides.set(row, 'heldOut')
  }
}

/** Of the groups that no earlier dataset knows, in the order of their keys, until about a quarter of all rows is held out. */
function chooseHeldOut(groups: readonly Group[]): Group[] {
  const fresh = groups.filter(({ sides, rows }) => sides.size === 0 && rows.length > 0)
  const heldOut = groups.filter(({ sides }) => sides.size === 1 && sides.has('heldOut'))
  const trainable = new Set(groups.filter(({ sides }) => sides.size === 0 || (sides.size === 1 && sides.has('train'))))
  const chosen: Group[] = []
  const take = (candidates: readonly Group[], enough: number, most: number) => {
    for (const group of candidates) {
      const held = countRows([...heldOut, ...chosen])
      const othersAnswer = [...trainable].some((other) => other !== group && other.answerable)
      if (held >= enough || held + group.rows.length > most || !othersAnswer || chosen.includes(group)) continue
      chosen.push(group)
      trainable.delete(group)
    }
  }
  const total = countRows(groups)
  const target = Math.min(MAX_HELD_OUT, Math.max(MIN_HELD_OUT, Math.round(total * HELD_OUT_SHARE)))
  const smallestFirst = [...fresh].sort((a, b) => a.rows.length - b.rows.length)
  // One group with answers before all others: a side without any measures nothing.
  if (!heldOut.some(({ answerable }) => answerable)) {
    const answerable = (group: Group) => group.answerable
    const fitting = fresh.find((group) => group.answerable && group.rows.length <= target)
    take(fitting ? [fitting] : smallestFirst.filter(answerable).slice(0, 1), total, total / 2)
  }
  take(fresh, target, target * 1.5)
  take(smallestFirst, MIN_HELD_OUT, total / 2)
  return chosen
}

function countRows(groups: readonly Group[]): number {
  return groups.reduce((sum, { rows }) => sum + rows.length, 0)
}

function check({ train, heldOut, leftOut }: Split, groups: number): void {
  const usable = train.length + heldOut.length
  const answerable = (rows: readonly SquadExample[]) => rows.some(({ isImpossible }) => !isImpossible)
  if (usable >= MIN_ROWS && answerable(train) && answerable(heldOut)) return
  const found = `there are ${usable} usable labels in ${groups} groups of passages that share no text`
  const needed = `training needs at least ${MIN_ROWS} in at least 2 groups, with answers in at least 2 of them`
  const sides = `these would give ${train.length} to train on and ${heldOut.length} held out`
  const unused = leftOut > 0 ? `, and ${leftOut} left out that share text with both sides or with the general set` : ''
  throw new DocentError('TOO_FEW_LABELS', `${found}; ${needed}: ${sides}${unused}`)
}
