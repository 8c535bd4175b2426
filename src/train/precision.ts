/**
 * Which precision large matrix products are computed in. Processors with bfloat16 multiplication (AVX512_BF16, AMX) do them
 * in half the time; others would emulate it, more slowly than float32. Weights, optimiser, norms, softmax, logits and loss
 * are float32 either way, as in PyTorch's bfloat16 autocast. The choice depends on the machine alone, so that a run that is
 * resumed on it goes on in the same precision.
 */
import { readFileSync } from 'node:fs'
import type { TrainingSettings } from './settings.js'
import type { Precision } from './tensorflow.js'

export function choosePrecision(setting: TrainingSettings['precision'], flags = processorFlags()): Precision {
  if (setting !== 'auto') return setting
  return flags.has('avx512_bf16') || flags.has('amx_bf16') ? 'bfloat16' : 'float32'
}

/** As Linux names them; none where it does not run. */
function processorFlags(): ReadonlySet<string> {
  try {
    const [, flags = ''] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? []
    return new Set(flags.trim().split(/\s+/))
  } catch {
    return new Set()
  }
}
