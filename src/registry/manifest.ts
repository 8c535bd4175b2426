/**
 * registry/: enters a folder of a finished model, leaves an immutable version that others open by its id; which one serves
 * is a row in the store. Called by read/ and embed/ (to open), jobs/ (to create), graphql/ and cli/ (to choose).
 *
 * This file is what `manifest.json` says. Format 2; format 1 had one window for a canary and int8 as its only form. A release
 * that changes the meaning of a field raises the format version; test/compat/ keeps a folder of every format.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DocentError } from '../errors.js'

export const MANIFEST_FORMAT_VERSION = 2
export const MANIFEST_FILE = 'manifest.json'

/** Where Transformers.js and Hugging Face look for them. */
export const WEIGHTS_FILE = 'model.safetensors'
export const INT8_FILE = 'onnx/model_quantized.onnx'

/** Ids become folder names: no separators, no leading dot. */
export const MODEL_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)

/** Percent, 0..100; intervals are of 95 % confidence. Measures of other tasks may stand beside these. */
const scoreSchema = z
  .object({ n: z.number().int().min(0), exactMatch: z.number(), f1: z.number() })
  .catchall(z.union([z.number(), z.tuple([z.number(), z.number()])]))

/** The forms that Docent serves, the faster one first. */
export const SERVED_FORMS = ['int8', 'fp32'] as const
export type ServedForm = (typeof SERVED_FORMS)[number]

/** Logits of one fixed input as this form gave them where it was made: what a host compares before it serves. */
const canarySchema = z.object({
  inputIds: z.array(z.number().int()),
  tokenTypeIds: z.array(z.number().int()),
  startLogits: z.array(z.number()),
  endLogits: z.array(z.number()),
})

/** A form is the same weights as one machine runs them: its own graph, measures and calibration. */
const formSchema = z.object({
  file: z.string(),
  /**
   * Of a graph that the folder need not hold: the weights give these bytes, and a machine that serves this form writes them
   * (onnx/lay-graph.ts). A graph without it is one of `files`.
   */
  sha256: sha256Schema.optional(),
  metrics: z.record(z.string(), scoreSchema),
  calibration: z.object({
    temperature: z.number().positive(),
    /** Abstain when the null score exceeds the best span's score by more than this. */
    noAnswerThreshold: z.number(),
    /** What makes a confidence the probability of being exactly right (read/confidence.ts). Versions of old lack it. */
    exactness: z
      .object({ nullBias: z.number(), bias: z.number(), share: z.number().min(0), margin: z.number().min(0) })
      .optional(),
  }),
  /** Several windows of different lengths. */
  canary: z.union([z.array(canarySchema).min(1), canarySchema.transform((one) => [one])]),
})

const draftShape = {
  architecture: z.string(),
  /** BUNDLED came with the product, TRAINED was made here from corrections. */
  origin: z.enum(['BUNDLED', 'TRAINED', 'IMPORTED']),
  parent: z.string().nullable(),
  datasetHash: sha256Schema.nullable(),
  createdAt: z.iso.datetime(),
  /** What it was trained with. */
  settings: z.record(z.string(), z.json()),
  window: z.object({
    maxSequenceLength: z.number().int().positive(),
    stride: z.number().int().min(0),
    maxQuestionTokens: z.number().int().positive(),
    maxAnswerTokens: z.number().int().positive(),
  }),
  /** Those that were measured: a form that is absent is not served. */
  forms: z
    .object({ int8: formSchema.optional(), fp32: formSchema.optional() })
    .refine((forms) => SERVED_FORMS.some((name) => forms[name]), 'no form was measured'),
  licence: z.string(),
  attribution: z.array(z.string()),
  /** An imported encoder whose head was drawn by chance: to train from, not to answer. */
  untrainedHead: z.literal(true).optional(),
}

export const manifestDraftSchema = z.object(draftShape)

export const manifestSchema = z.object({
  formatVersion: z.int().min(1).max(MANIFEST_FORMAT_VERSION),
  id: z.string().regex(MODEL_ID_PATTERN),
  ...draftShape,
  /** sha256 of every other file in the folder, by its relative path with forward slashes. */
  files: z.record(z.string(), sha256Schema),
  /** sha256 of this manifest without this field: a changed byte shows here too. */
  seal: sha256Schema,
})

/** What the maker of a version knows; id, format version, file hashes and seal are added by the registry. */
export type ManifestDraft = z.infer<typeof manifestDraftSchema>
export type Manifest = z.infer<typeof manifestSchema>
export type MeasuredForm = z.infer<typeof formSchema>
export type ModelMetric = z.infer<typeof scoreSchema>
export type ModelCanary = z.infer<typeof canarySchema>

/** By their files, the hashes of graphs that the folder may hold and need not. */
export function graphsLaidOnDemand({ forms }: Pick<Manifest, 'forms'>): Record<string, string> {
  const measured = Object.values(forms).filter((form) => form !== undefined)
  return Object.fromEntries(measured.flatMap(({ file, sha256 }) => (sha256 === undefined ? [] : [[file, sha256]])))
}

/** @throws MODEL_CORRUPT where it is missing, unreadable or altered, MODEL_INCOMPATIBLE where it is of another format. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST_FILE)
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new DocentError('MODEL_CORRUPT', `${path}: ${(error as Error).message}`, { cause: error })
  }
  return parseManifest(json, path)
}

export function parseManifest(json: unknown, path: string): Manifest {
  const version = (json as { formatVersion?: unknown } | null)?.formatVersion
  if (typeof version === 'number' && version > MANIFEST_FORMAT_VERSION) {
    throw new DocentError(
      'MODEL_INCOMPATIBLE',
      `${path} has format version ${version}, this release reads up to ${MANIFEST_FORMAT_VERSION}: ` +
        'update Docent, or promote a version that this release made (`docent models list`)',
    )
  }
  return parseSealed(manifestSchema, json, path)
}

/** @throws MODEL_CORRUPT when it is not as its schema says, or was changed after it was sealed. */
export function parseSealed<T extends { seal: string }>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new DocentError('MODEL_CORRUPT', `${path}: ${issue?.path.join('.') || 'content'}: ${issue?.message}`)
  }
  if (sealOf(json as object) !== parsed.data.seal) {
    throw new DocentError('MODEL_CORRUPT', `${path} was changed after it was written: its seal does not match`)
  }
  return parsed.data
}

/** The text of `manifest.json`. */
export function printManifest(manifest: Omit<Manifest, 'seal'>): string {
  const text = JSON.stringify({ ...manifest, seal: sealOf(manifest) }, null, 2)
  // Thousands of token ids and logits: a line for each list of numbers. No string holds a line break as it is.
  return `${text.replace(/\[\n\s+(-?\d[^[\]{}"]*?)\n\s+\]/g, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`)}\n`
}

/** Independent of key order and white space, so that a formatter cannot break it. */
export function sealOf(manifest: object): string {
  const { seal: _, ...rest } = manifest as { seal?: unknown }
  return createHash('sha256').update(canonicalJson(rest)).digest('hex')
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
