/** Labelled questions that a command is given as a file. */
import { readFile } from 'node:fs/promises'
import { DocentError } from '../errors.js'
import { parseSquad, type SquadExample } from '../text/squad.js'

/** @throws INVALID_INPUT when there is no such file, INVALID_DATASET naming what is wrong in it */
export async function readExamples(path: string): Promise<SquadExample[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new DocentError('INVALID_INPUT', `--data: there is no file ${path}`)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new DocentError('INVALID_DATASET', `${path} is not JSON: ${(error as Error).message}`)
  }
  return parseSquad(json, path)
}

/** So many of them, evenly spread over the file; all where there are no more. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (count >= items.length) return [...items]
  return Array.from({ length: count }, (_, at) => items[Math.floor((at * items.length) / count)] as T)
}

/** Tells on every twentieth part how far a long measuring is. */
export function partsOf(note: (text: string) => void, what: string): (done: number, total: number) => void {
  let shown = 0
  return (done, total) => {
    const percent = Math.floor((100 * done) / total)
    if (percent < shown + 5) return
    shown = percent
    note(`${done} of ${total} ${what} (${percent} %)`)
  }
}

export const withInterval = (value: number, [low, high]: readonly [number, number]): string =>
  `${value.toFixed(2)} (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`
