/**
 * Checkpoints: weights, optimiser moments and the place in data and schedule, in one folder for each, `step-00000050`. A
 * folder is written aside, synced and renamed, and older ones are removed after that: whatever line a `kill -9` hits,
 * the newest complete checkpoint opens. Orders are drawn from seed and epoch, so the place is the random state too.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { flushFolder } from '../durable.js'
import { asDocentError, DocentError } from '../errors.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../registry/safetensors.js'

/** 3: only what learns, and the best weights so far. */
export const CHECKPOINT_FORMAT_VERSION = 3

const stateSchema = z.object({
  formatVersion: z.literal(CHECKPOINT_FORMAT_VERSION),
  /** Hash of what the curve depends on: a checkpoint only continues the run that wrote it. */
  runKey: z.string(),
  step: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  /** Computing time so far. */
  trainedMs: z.number().nonnegative(),
  /** Of the watched part; null before the first look. */
  best: z.object({ loss: z.number(), step: z.int(), looksSince: z.int() }).nullable(),
})

export type CheckpointState = z.infer<typeof stateSchema>

export interface Checkpoint {
  readonly state: CheckpointState
  /** Of what learns. */
  readonly weights: ReadonlyMap<string, Tensor>
  /** Keys `mean.NAME` and `square.NAME`. */
  readonly moments: ReadonlyMap<string, Tensor>
  /** The weights of `state.best`; empty without one. */
  readonly best: ReadonlyMap<string, Tensor>
}

const STATE_FILE = 'state.json'
const WEIGHTS_FILE = 'model.safetensors'
const MOMENTS_FILE = 'moments.safetensors'
const BEST_FILE = 'best.safetensors'
const COMPLETE = /^step-\d{8}$/

/** @throws DISK_FULL; the checkpoint before it is still there then. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = `step-${String(checkpoint.state.step).padStart(8, '0')}`
  const aside = path.join(folder, `.${name}.tmp`)
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside)
  try {
    await fill(aside, checkpoint)
  } catch (thrown) {
    // On a full disk it would be in the way of whatever is to be freed.
    await rm(aside, { recursive: true, force: true })
    throw asDocentError(thrown)
  }
  const target = path.join(folder, name)
  await rm(target, { recursive: true, force: true })
  await rename(aside, target)
  await flushFolder(folder)
  for (const entry of await readdir(folder)) {
    const leftover = entry.startsWith('.step-') || (COMPLETE.test(entry) && entry !== name)
    if (leftover) await rm(path.join(folder, entry), { recursive: true, force: true })
  }
  return target
}

async function fill(folder: string, { state, weights, moments, best }: Checkpoint): Promise<void> {
  await writeSafetensors(path.join(folder, WEIGHTS_FILE), weights, { dtype: 'F32' })
  await writeSafetensors(path.join(folder, MOMENTS_FILE), moments, { dtype: 'F32' })
  if (state.best) await writeSafetensors(path.join(folder, BEST_FILE), best, { dtype: 'F32' })
  await writeFile(path.join(folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`, { flush: true })
  await flushFolder(folder)
}

/** The newest complete checkpoint, or null where none was written yet. */
export async function readCheckpoint(folder: string): Promise<Checkpoint | null> {
  const entries = await readdir(folder).catch(() => [])
  const newest = entries
    .filter((entry) => COMPLETE.test(entry))
    .sort()
    .at(-1)
  if (!newest) return null
  const file = (name: string): string => path.join(folder, newest, name)
  const state = await readState(file(STATE_FILE))
  const weights = await readSafetensors(file(WEIGHTS_FILE))
  const moments = await readSafetensors(file(MOMENTS_FILE))
  const best = state.best ? await readSafetensors(file(BEST_FILE)) : new Map<string, Tensor>()
  return { state, weights, moments, best }
}

async function readState(file: string): Promise<CheckpointState> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `${file} cannot be read: ${String(cause)}`, { cause })
  }
  const parsed = stateSchema.safeParse(json)
  if (!parsed.success) throw new DocentError('MODEL_INCOMPATIBLE', `${file}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
