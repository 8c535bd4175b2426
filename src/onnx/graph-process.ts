/** The process in which a graph is written from the weights of a folder: it computes for seconds and takes much memory. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveParent } from '../child.js'
import { readEncoderConfig } from '../registry/encoder-config.js'
import { WEIGHTS_FILE } from '../registry/manifest.js'
import { readSafetensors } from '../registry/safetensors.js'
import { numberCalibrationText } from './calibration-text.js'
import { exportModel, type ModelForm } from './export-model.js'

export interface GraphRequest {
  /** Of a reader: config.json, model.safetensors and its tokenizer. */
  readonly folder: string
  readonly form: ModelForm
  readonly path: string
}

serveParent({ write: writeGraph })

async function writeGraph({ folder, form, path }: GraphRequest): Promise<void> {
  const config = await readEncoderConfig(folder)
  const weights = await readSafetensors(join(folder, WEIGHTS_FILE))
  const calibrationIds = form === 'int8' ? await numberCalibrationText(folder) : undefined
  await writeFile(path, exportModel({ config, weights, task: 'reader', form, calibrationIds }))
}
