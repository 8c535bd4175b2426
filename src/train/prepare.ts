/** From dataset files to windows: what is watched set aside first, then what the settings have made of the rest. */
import { readFile } from 'node:fs/promises'
import { DocentError } from '../errors.js'
import { contextKey, parseSquad, type SquadExample } from '../text/squad.js'
import type { Tokenizer } from '../text/tokenizer.js'
import { augment } from './augmentation.js'
import { makeLabelledWindows } from './batches.js'
import type { LabelledInput } from './model.js'
import { makeNegatives } from './negatives.js'
import { randomStream, shuffle } from './random.js'
import type { TrainingSettings } from './settings.js'

export interface Prepared {
  readonly exampleCount: number
  readonly windows: readonly LabelledInput[]
  readonly validation: readonly LabelledInput[]
}

export interface PrepareInput {
  readonly datasetPaths: readonly string[]
  /** What `replayRatio` takes from. */
  readonly replayPath: string | null
  readonly tokenizer: Tokenizer
  readonly settings: TrainingSettings
}

/** @throws INVALID_DATASET naming the file and the row, or when nothing is left to learn from. */
export async function prepare({ datasetPaths, replayPath, tokenizer, settings }: PrepareInput): Promise<Prepared> {
  const examples: SquadExample[] = []
  for (const file of datasetPaths) examples.push(...(await readExamples(file)))
  const { learnt, watched } = setAside(examples, settings)
  if (learnt.length === 0) throw new DocentError('INVALID_DATASET', 'there is no question to learn from')
  const { negativesShare, augmentationShare, replayRatio, seed } = settings
  const negatives = Object.values(makeNegatives(learnt, negativesShare, randomStream(seed, 4))).flat()
  const copies = augment(learnt, augmentationShare, randomStream(seed, 5))
  const replayed = await replay(replayPath, Math.round(replayRatio * learnt.length), seed)
  const all = [...learnt, ...negatives, ...copies, ...replayed]
  return {
    exampleCount: all.length,
    windows: await makeLabelledWindows(all, tokenizer, settings),
    validation: await makeLabelledWindows(watched, tokenizer, settings),
  }
}

/** Whole passages: a question about a passage that is learnt would be watched in vain. */
function setAside(
  examples: readonly SquadExample[],
  { validationShare, seed }: TrainingSettings,
): { learnt: SquadExample[]; watched: SquadExample[] } {
  const learnt: SquadExample[] = []
  const watched: SquadExample[] = []
  for (const example of examples) {
    const drawn = randomStream(seed, 6, Number.parseInt(contextKey(example.context).slice(0, 7), 16))()
    const target = drawn < validationShare ? watched : learnt
    target.push(example)
  }
  return { learnt, watched }
}

async function replay(file: string | null, count: number, seed: number): Promise<SquadExample[]> {
  if (count === 0) return []
  if (file === null) throw new DocentError('INVALID_INPUT', 'replayRatio: there is nothing to replay')
  return shuffle(await readExamples(file), randomStream(seed, 7)).slice(0, count)
}

async function readExamples(file: string): Promise<SquadExample[]> {
  return parseSquad(await readJson(file), file)
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new DocentError('INVALID_DATASET', `${file} cannot be read as JSON: ${String(cause)}`, { cause })
  }
}
