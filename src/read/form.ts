/** Which form of a version this machine serves: the fast one where it computes what it computed where it was made. */
import { join } from 'node:path'
import { DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import { layGraph } from '../onnx/lay-graph.js'
import { compareLogits } from '../onnx/verify.js'
import { type MeasuredForm, type ModelCanary, SERVED_FORMS, type ServedForm } from '../registry/manifest.js'
import type { ModelVersion } from '../registry/registry.js'
import { type ReaderHost, runWindows } from './windows.js'

/** `auto` lets the canary choose; a form that is named is served or nothing is. */
export type FormPreference = 'auto' | ServedForm

export interface FormOptions<Host> {
  readonly preference: FormPreference
  readonly start: (modelPath: string) => Promise<Host>
  readonly log: Logger
}

/** A version in one of its forms, running. */
export interface RunningForm<Host> {
  readonly name: ServedForm
  readonly form: MeasuredForm
  readonly host: Host
}

export type CanaryDifference = Readonly<Record<'maxDifference' | 'relativeError', number>>

/**
 * By how much a form may differ here from where it was made: in any logit, and over the batch against the logits' spread.
 * Floats are summed in another order on another processor. With int8 that order decides now and then to which integer an
 * activation is rounded, which moves logits by tenths; products that overflow move them by more than one
 * (docs/decisions/0012-forms-and-their-choice.md has the figures).
 */
export const CANARY_TOLERANCES: Readonly<Record<ServedForm, CanaryDifference>> = {
  int8: { maxDifference: 2, relativeError: 0.06 },
  fp32: { maxDifference: 0.01, relativeError: 0.01 },
}

/** The forms that may serve, in the order in which they are tried. */
export function formsToTry(preference: FormPreference): readonly ServedForm[] {
  return preference === 'auto' ? SERVED_FORMS : [preference]
}

/**
 * Starts the first form whose canary is right.
 * @throws FORM_UNAVAILABLE when there is none; MODEL_CORRUPT when a graph cannot be opened.
 */
export async function startForm<Host extends ReaderHost & AsyncDisposable>(
  { id, folder, manifest }: ModelVersion,
  { preference, start, log }: FormOptions<Host>,
): Promise<RunningForm<Host>> {
  const refused: string[] = []
  for (const name of formsToTry(preference)) {
    const form = manifest.forms[name]
    if (!form) {
      refused.push(`it was not measured in ${name}`)
      continue
    }
    // What the folder must hold is not written anew where it is missing: that is a damage, and opening it says so.
    const onDemand = form.sha256 !== undefined
    const host = await start(onDemand ? await layGraph(folder, name, form) : join(folder, form.file))
    const difference = await canaryDifference(host, form.canary).catch(async (error: unknown) => {
      await host[Symbol.asyncDispose]()
      throw error
    })
    if (isWithin(difference, CANARY_TOLERANCES[name])) {
      // Whoever reads the log should not have to know what serves elsewhere.
      if (refused.length > 0) log.warn({ modelVersion: id, form: name, refused }, `the reader serves in ${name}`)
      return { name, form, host }
    }
    await host[Symbol.asyncDispose]()
    const figures = { ...difference, tolerance: CANARY_TOLERANCES[name] }
    log.warn({ modelVersion: id, form: name, ...figures }, `this machine computes the ${name} graph otherwise`)
    refused.push(`its ${name} canary is off by ${difference.maxDifference.toPrecision(3)}`)
  }
  throw new DocentError('FORM_UNAVAILABLE', `${id} cannot serve on this machine: ${refused.join(', and ')}`)
}

/** Which form would serve, without keeping it open. @throws as {@link startForm} */
export async function chooseServedForm<Host extends ReaderHost & AsyncDisposable>(
  version: ModelVersion,
  options: FormOptions<Host>,
): Promise<ServedForm> {
  const { name, host } = await startForm(version, options)
  await host[Symbol.asyncDispose]()
  return name
}

/** Of what the host makes of the canary batch from what the manifest says; infinite where it is not even as long. */
export async function canaryDifference(host: ReaderHost, canary: readonly ModelCanary[]): Promise<CanaryDifference> {
  const found = await runWindows(
    host,
    canary.map(({ inputIds, tokenTypeIds }) => ({
      inputIds: Int32Array.from(inputIds),
      tokenTypeIds: Int32Array.from(tokenTypeIds),
    })),
  )
  const expected = canary.map(({ startLogits, endLogits }) => ({
    startLogits: Float32Array.from(startLogits),
    endLogits: Float32Array.from(endLogits),
  }))
  const sameLength = expected.every(
    ({ startLogits, endLogits }, at) =>
      found[at]?.startLogits.length === startLogits.length && found[at]?.endLogits.length === endLogits.length,
  )
  if (!sameLength) return { maxDifference: Number.POSITIVE_INFINITY, relativeError: Number.POSITIVE_INFINITY }
  const { maxDifference, relativeError } = compareLogits(expected, found)
  return { maxDifference, relativeError }
}

function isWithin(difference: CanaryDifference, tolerance: CanaryDifference): boolean {
  // A NaN is within nothing.
  return difference.maxDifference <= tolerance.maxDifference && difference.relativeError <= tolerance.relativeError
}
