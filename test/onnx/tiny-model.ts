/** The tiny model, with what the real transformers computed for it. */
import { readFileSync } from 'node:fs'
import type { ModelInput } from '../../src/onnx/session-host.js'
import { readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors } from '../../src/registry/safetensors.js'
import type { SpanLogits } from '../../src/text/spans.js'

const FOLDER = 'test/fixtures/tiny-model'

interface ReferenceRow {
  readonly input_ids: number[]
  readonly token_type_ids: number[]
  readonly start_logits: number[]
  readonly end_logits: number[]
}

const rows: ReferenceRow[] = JSON.parse(readFileSync(`${FOLDER}/reference.json`, 'utf8'))

export const tinyConfig = await readEncoderConfig(FOLDER)
export const tinyWeights = await readSafetensors(`${FOLDER}/model.safetensors`)

export const tinyInputs: ModelInput[] = rows.map((row) => ({
  inputIds: Int32Array.from(row.input_ids),
  tokenTypeIds: Int32Array.from(row.token_type_ids),
}))

export const tinyLogits: SpanLogits[] = rows.map((row) => ({
  startLogits: Float32Array.from(row.start_logits),
  endLogits: Float32Array.from(row.end_logits),
}))
