/** The process in which a graph is written from the weights of a folder: it computes for seconds and takes much memory. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveParent } from '../child.js'
import { readEncoderConfig } from '../registry/encoder-config.js'
import { WEIGHTS_FILE } from '../registry/manifest.js'
import { readSafetensors } from '../registry/safetensors.js'
import { numberCalibrationText } from './calibration-text.js'
import { exportModel, type ModelForm, type ModelTask } from './export-model.js'

export interface GraphRequest {
  /** config.json, model.safetensors and the tokenizer. */
  readonly folder: string
  readonly task: ModelTask
  readonly form: ModelForm
  readonly path: string
}

serveParent({ write: writeGraph })

async function writeGraph({ folder, task, form, path }: GraphRequest): Promise<void> {
  const config = await readEncoderConfig(folder)
  const weights = await readSafetensors(join(folder, WEIGHTS_FILE))
  const calibrationIds = form === 'int8' ? await numberCalibrationText(folder) : undefined
  await writeFile(path, exportModel({ config, weights, task, form, calibrationIds }))
}
