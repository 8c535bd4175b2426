/**
 * Datasets: immutable folders named by what is in them, `train.json` and `held-out.json` in SQuAD form. Reading, grouping
 * and writing take seconds on a large file, so they run in a process of their own (dataset-process.ts).
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Child } from '../child.js'
import type { Dataset } from '../domain.js'
import { createFolder } from '../durable.js'
import { DocentError } from '../errors.js'
import type { Store } from '../store/store.js'
import { type ParseOptions, parseSquad, type SquadExample, toSquad } from '../text/squad.js'
import { labelRows } from './label-rows.js'
import type { Context } from './leak-groups.js'
import { type History, type Row, type Split, splitRows } from './split.js'

export const TRAIN_FILE = 'train.json'
export const HELD_OUT_FILE = 'held-out.json'

export interface DatasetOptions {
  readonly store: Pick<Store, 'reader'>
  /** Where datasets are kept. */
  readonly folder: string
  /** A SQuAD file to take the rows from instead of the labels. */
  readonly dataFile?: string | undefined
  /** SQuAD files whose contexts no dataset may hold. */
  readonly reservedFiles: readonly string[]
}

export type DatasetSource =
  | { readonly rows: readonly Row[]; readonly others: readonly Context[] }
  | { readonly dataFile: string }

/**
 * The dataset of all labels, or of a SQuAD file. No row is stored yet: that is the caller's, with whatever uses it.
 * @throws TOO_FEW_LABELS, INVALID_DATASET
 */
export async function buildDataset(options: DatasetOptions): Promise<Dataset> {
  const { store, folder, dataFile, reservedFiles } = options
  let source: DatasetSource
  if (dataFile === undefined) {
    const { rows, replaced } = await labelRows(store.reader)
    source = { rows, others: replaced }
  } else source = { dataFile }
  await using child = new Child('feedback/dataset-process.js', { niceness: 10 })
  return await child.request<Dataset>('build', { folder, source, reservedFiles })
}

export interface WriteRequest {
  readonly folder: string
  readonly source: DatasetSource
  readonly reservedFiles: readonly string[]
}

/** What the process does. */
export async function writeDataset({ folder, source, reservedFiles }: WriteRequest): Promise<Dataset> {
  await mkdir(folder, { recursive: true })
  const reserved = (await Promise.all(reservedFiles.map((file) => readSquadFile(file))))
    .flat()
    .map(({ context }) => context)
  const history = { ...(await readEarlier(folder)), reserved: [...new Set(reserved)] }
  const split =
    'rows' in source
      ? splitRows(source.rows, history, source.others)
      : splitRows(await readRows(source.dataFile), history)
  const files = { [TRAIN_FILE]: print(split.train), [HELD_OUT_FILE]: print(split.heldOut) }
  const id = identify(files)
  await createFolder(join(folder, id), async (aside) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(aside, name), text)
    return true
  })
  return { id, trainCount: split.train.length, heldOutCount: split.heldOut.length, createdAt: new Date() }
}

/** @throws INVALID_DATASET when a file is missing or not what the dataset's name says */
export async function readDataset(folder: string, id: string): Promise<Omit<Split, 'leftOut'>> {
  const files: Record<string, string> = {}
  for (const name of [TRAIN_FILE, HELD_OUT_FILE]) files[name] = await readText(join(folder, id, name))
  if (identify(files) !== id)
    throw new DocentError('INVALID_DATASET', `${join(folder, id)} was changed after it was made`)
  const examples = (name: string) => parseSquad(JSON.parse(files[name] as string), name)
  return { train: examples(TRAIN_FILE), heldOut: examples(HELD_OUT_FILE) }
}

async function readEarlier(folder: string): Promise<Omit<History, 'reserved'>> {
  const trained = new Set<string>()
  const heldOut = new Set<string>()
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue
    const dataset = await readDataset(folder, name)
    for (const { context } of dataset.train) trained.add(context)
    for (const { context } of dataset.heldOut) heldOut.add(context)
  }
  return { trained: [...trained], heldOut: [...heldOut] }
}

async function readRows(dataFile: string): Promise<Row[]> {
  return (await readSquadFile(dataFile)).map((example) => ({ example }))
}

/** @throws INVALID_DATASET naming the file and the row that is wrong */
export async function readSquadFile(dataFile: string, options: ParseOptions = {}): Promise<SquadExample[]> {
  const text = await readText(dataFile)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new DocentError('INVALID_DATASET', `${dataFile} is not JSON: ${(cause as Error).message}`, { cause })
  }
  return parseSquad(json, basename(dataFile), options)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new DocentError('INVALID_DATASET', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function print(examples: readonly SquadExample[]): string {
  return `${JSON.stringify(toSquad(examples), null, 1)}\n`
}

function identify(files: Readonly<Record<string, string>>): string {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  return sha256([TRAIN_FILE, HELD_OUT_FILE].map((name) => `${sha256(files[name] ?? '')}  ${name}\n`).join(''))
}
