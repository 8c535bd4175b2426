/**
 * The calibration of answers over passages: how sure is an answer of `ask`? That depends on the reader, and also on what
 * retrieval hands it, so it is an artifact of its own, keyed by reader version, form, embedder and retrieval settings:
 * where one of them changes there is none until it is fitted again, and the reader's own calibration serves.
 *
 * `MODELS/answer/READER.FORM.EMBEDDER.SETTINGS.json`, SETTINGS being the begin of a hash. Written once and never changed.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { z } from 'zod'
import { exists } from '../durable.js'
import { DocentError } from '../errors.js'
import { parseSealed, sealOf } from './manifest.js'

const FORMAT_VERSION = 1

const weight = z.number().min(0)

/** Every logistic map is of features of one span; more of a feature never makes it less likely (answer/decision.ts). */
const calibrationSchema = z.object({
  /** Log-odds that the question has an answer. */
  answerable: z.object({ bias: z.number(), margin: z.number().positive(), similarity: weight }),
  /** Log-odds that the span is exactly right, if there is an answer. */
  exact: z.object({ bias: z.number(), share: weight, margin: weight, similarity: weight }),
  /** Abstain where the log-odds of an answer are lower. */
  minLogOdds: z.number(),
})

const keySchema = z.object({
  reader: z.string(),
  form: z.string(),
  embedder: z.string(),
  retrieval: z.record(z.string(), z.union([z.string(), z.number()])),
})

const fileSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  key: keySchema,
  createdAt: z.iso.datetime(),
  /** What it was fitted on. */
  questions: z.object({ source: z.string(), answerable: z.number().int(), unanswerable: z.number().int() }),
  /** One for each number of passages that was tried, rising. */
  fits: z.array(z.object({ topK: z.number().int().positive(), calibration: calibrationSchema })).min(1),
  seal: z.string(),
})

export type AnswerCalibration = z.infer<typeof calibrationSchema>
export type AnswerCalibrationKey = z.infer<typeof keySchema>
export type AnswerCalibrationFile = z.infer<typeof fileSchema>

export interface ChosenCalibration {
  /** Name of the file and the `topK` of the fit: what an interaction names. */
  readonly id: string
  readonly calibration: AnswerCalibration
}

export class AnswerCalibrations {
  readonly #folder: string
  readonly #known = new Map<string, AnswerCalibrationFile>()

  constructor({ modelsDir }: { modelsDir: string }) {
    this.#folder = join(modelsDir, 'answer')
  }

  /**
   * The fit for the nearest number of passages; undefined where nothing was fitted for the key.
   * @throws MODEL_CORRUPT, MODEL_INCOMPATIBLE
   */
  async choose(key: AnswerCalibrationKey, topK: number): Promise<ChosenCalibration | undefined> {
    const file = await this.get(key)
    if (!file) return undefined
    // In steps of the same ratio: 12 is nearer to 16 than to 8.
    const distance = (fit: { topK: number }): number => Math.abs(Math.log(fit.topK / topK))
    const nearest = file.fits.reduce((best, fit) => (distance(fit) < distance(best) ? fit : best))
    return { id: `${nameOf(key)}@${nearest.topK}`, calibration: nearest.calibration }
  }

  async get(key: AnswerCalibrationKey): Promise<AnswerCalibrationFile | undefined> {
    const name = nameOf(key)
    const known = this.#known.get(name)
    if (known) return known
    const path = this.#path(name)
    if (!(await exists(path))) return undefined
    const file = parse(await readFile(path, 'utf8'), path)
    if (nameOf(file.key) !== name) throw new DocentError('MODEL_CORRUPT', `${path} is of ${nameOf(file.key)}`)
    this.#known.set(name, file)
    return file
  }

  /** What is there already stays, and is returned. */
  async create(
    key: AnswerCalibrationKey,
    fitted: Pick<AnswerCalibrationFile, 'questions' | 'fits'>,
  ): Promise<AnswerCalibrationFile> {
    const found = await this.get(key)
    if (found) return found
    const file = { formatVersion: FORMAT_VERSION, key, createdAt: new Date().toISOString(), ...fitted }
    await mkdir(this.#folder, { recursive: true })
    const text = `${JSON.stringify({ ...file, seal: sealOf(file) }, null, 2)}\n`
    await writeFileAtomic(this.#path(nameOf(key)), text)
    return parse(text, this.#path(nameOf(key)))
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`)
  }
}

function nameOf({ reader, form, embedder, retrieval }: AnswerCalibrationKey): string {
  return `${reader}.${form}.${embedder}.${sealOf(retrieval).slice(0, 8)}`
}

function parse(text: string, path: string): AnswerCalibrationFile {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new DocentError('MODEL_CORRUPT', `${path}: ${(error as Error).message}`, { cause: error })
  }
  const version = (json as { formatVersion?: unknown } | null)?.formatVersion
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new DocentError('MODEL_INCOMPATIBLE', `${path} has format version ${version}: update Docent, or remove it`)
  }
  return parseSealed(fileSchema, json, path)
}
