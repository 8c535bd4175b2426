/**
 * onnx/ runs models, and writes them. Enters: a model's configuration and weights, or token ids for a graph on disk. Leaves:
 * the bytes of an ONNX file, or logits and hidden states. Called by set-up and training's export (exportModel, verifyExport)
 * and by embed/, read/ and evaluation (SessionHost, SessionPool); nothing else imports ONNX Runtime.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { Tensor } from '../registry/safetensors.js'
import { measureActivations } from './activations.js'
import { type EncoderParts, writeEncoder, writeHiddenStateOutput, writeSpanHead } from './bert-graph.js'
import { GraphBuilder } from './graph-builder.js'
import { fusedKernels, standardKernels } from './kernels.js'
import { floatLinear, int8Linear } from './linear.js'
import { Weights } from './weights.js'

export type ModelTask = 'reader' | 'embedder'

/**
 * How a graph is written. `int8` and `fp32` use ONNX Runtime's own operators and are what Docent serves; `standard` is fp32
 * in operators of ONNX opset 17 alone, for every other runtime.
 */
export const MODEL_FORMS = ['int8', 'fp32', 'standard'] as const
export type ModelForm = (typeof MODEL_FORMS)[number]

/** Where a form that is served lies in a model folder, as Transformers.js expects it. */
export const GRAPH_FILES = {
  int8: 'onnx/model_quantized.onnx',
  fp32: 'onnx/model.onnx',
} as const satisfies Partial<Record<ModelForm, string>>

export interface ExportOptions {
  readonly config: EncoderConfig
  /** By their Hugging Face names, those of a whole model or of a bare encoder. */
  readonly weights: ReadonlyMap<string, Tensor>
  readonly task: ModelTask
  readonly form: ModelForm
  /** A text as this model's tokenizer numbers it, to learn from how large values get. Needed for vocabularies that are not BERT's. */
  readonly calibrationIds?: readonly number[] | undefined
}

/**
 * The same weights give the same bytes, on every machine.
 * @throws MODEL_INCOMPATIBLE when a weight is missing or has another shape than the configuration says.
 */
export function exportModel({ config, weights: tensors, task, form, calibrationIds }: ExportOptions): Uint8Array {
  const weights = new Weights(tensors, config.architecture)
  const linear = form === 'int8' ? int8Linear(measureActivations(config, weights, calibrationIds)) : floatLinear
  const kernels = form === 'standard' ? standardKernels : fusedKernels
  const parts: EncoderParts = { graph: new GraphBuilder(), config, weights, linear, kernels }
  if (task === 'embedder') {
    writeEncoder(parts, 'last_hidden_state')
    writeHiddenStateOutput(parts)
  } else {
    writeSpanHead(parts, writeEncoder(parts, 'encoder'))
  }
  return parts.graph.encode(task)
}
