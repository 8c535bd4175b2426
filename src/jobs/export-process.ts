/** The process in which trained weights become the files of a version. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { serveParent } from '../child.js'
import { numberCalibrationText } from '../onnx/calibration-text.js'
import { exportModel } from '../onnx/export-model.js'
import { readEncoderConfig } from '../registry/encoder-config.js'
import { INT8_FILE, WEIGHTS_FILE } from '../registry/manifest.js'
import { readSafetensors, writeSafetensors } from '../registry/safetensors.js'

export interface ExportRequest {
  readonly parentFolder: string
  readonly weightsFile: string
  readonly folder: string
}

serveParent({ export: exportWeights })

async function exportWeights({ parentFolder, weightsFile, folder }: ExportRequest): Promise<void> {
  const halfFile = join(folder, WEIGHTS_FILE)
  await writeSafetensors(halfFile, await readSafetensors(weightsFile), { dtype: 'F16', metadata: { format: 'pt' } })
  // Read back: the graph must be that of the numbers that are kept, not of those that were rounded away.
  const weights = await readSafetensors(halfFile)
  const config = await readEncoderConfig(parentFolder)
  const calibrationIds = await numberCalibrationText(parentFolder)
  const graph = exportModel({ config, weights, task: 'reader', form: 'int8', calibrationIds })
  await mkdir(dirname(join(folder, INT8_FILE)), { recursive: true })
  await writeFile(join(folder, INT8_FILE), graph)
}
