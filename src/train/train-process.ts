/**
 * The child program: one training run, the logits of trained weights, or whether it could do either. A run is started and then reported by events
 * (`step`, `finished`, `failed`), so that a request to cancel it is heard meanwhile.
 */
import path from 'node:path'
import { emitToParent, serveParent } from '../child.js'
import { asDocentError, DocentError } from '../errors.js'
import { readEncoderConfig } from '../registry/encoder-config.js'
import { readSafetensors } from '../registry/safetensors.js'
import { lockFolder } from '../store/folder-lock.js'
import type { SpanLogits } from '../text/spans.js'
import { Tokenizer } from '../text/tokenizer.js'
import { train } from './loop.js'
import { type ModelInput, ReaderModel } from './model.js'
import { createParameters } from './parameters.js'
import { choosePrecision } from './precision.js'
import { prepare } from './prepare.js'
import { parseTrainingSettings, type TrainingSettings } from './settings.js'
import { loadTensorFlow } from './tensorflow.js'

export interface StartRequest {
  readonly settings: TrainingSettings
  readonly parentFolder: string
  readonly datasetPaths: readonly string[]
  readonly replayPath: string | null
  readonly checkpointFolder: string
  readonly resume: boolean
}

export interface LogitsRequest {
  readonly folder: string
  readonly weightsFile: string
  readonly inputs: readonly ModelInput[]
}

const cancelling = new AbortController()

serveParent({
  start(request: StartRequest): void {
    // The reply is that it has begun; how it ends is an event.
    runTraining(request).then(
      (result) => emitToParent('finished', result),
      (thrown) => {
        if (!(thrown instanceof DocentError)) console.error(thrown)
        emitToParent('failed', asDocentError(thrown).toJSON())
      },
    )
  },
  cancel(): void {
    cancelling.abort()
  },
  logits,
  check,
})

async function runTraining({ settings, parentFolder, checkpointFolder, resume, ...data }: StartRequest) {
  const checked = parseTrainingSettings(settings)
  await using _ = await lockFolder(checkpointFolder)
  const ops = loadTensorFlow(choosePrecision(checked.precision))
  const config = await readEncoderConfig(parentFolder)
  if (checked.maxSequenceLength > config.maxPositions) {
    throw new DocentError('UNSAFE_SETTINGS', `maxSequenceLength: the model has ${config.maxPositions} positions`)
  }
  const tokenizer = await Tokenizer.open(parentFolder)
  const { exampleCount, windows, validation } = await prepare({ ...data, tokenizer, settings: checked })
  const weights = await readSafetensors(path.join(parentFolder, 'model.safetensors'))
  emitToParent('prepared', {
    exampleCount,
    windowCount: windows.length,
    tokenCount: windows.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
  })
  return await train({
    ops,
    config,
    weights,
    windows,
    validation,
    settings: checked,
    checkpointFolder,
    resume,
    signal: cancelling.signal,
    onStep: (row) => emitToParent('step', row),
  })
}

async function logits({ folder, weightsFile, inputs }: LogitsRequest): Promise<SpanLogits[]> {
  const ops = loadTensorFlow()
  const config = await readEncoderConfig(folder)
  const weights = await readSafetensors(weightsFile)
  const parameters = createParameters(ops, config, weights, { seed: 0, frozen: () => true })
  const model = new ReaderModel(ops, config, parameters)
  return inputs.flatMap((input) => model.logits([input]))
}

/** @throws TRAINING_UNAVAILABLE */
function check(): void {
  const ops = loadTensorFlow()
  // A kernel of the library too: it may load and not fit this machine's processor.
  const product = ops.read(() =>
    ops.matMul(ops.fromFloats(Float32Array.of(2), [1, 1]), ops.fromFloats(Float32Array.of(3), [1, 1])),
  )
  if (product[0] !== 6) throw new DocentError('TRAINING_UNAVAILABLE', `tfjs-node computes 2 x 3 = ${product[0]}`)
}
