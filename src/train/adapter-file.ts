/**
 * Adapters as PEFT keeps them (Hugging Face's library, format of its 0.x releases): `adapter_model.safetensors` with the two
 * sides of each module and the trained head, `adapter_config.json` beside it. `PeftModel.from_pretrained` puts them back on
 * the reader that they were trained from.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { writeSafetensors } from '../registry/safetensors.js'
import { ADAPTER_PREFIX, namedViews } from './parameter.js'
import type { AdapterOptions, ModelParameters } from './parameters.js'

/** @param share of the change that is kept (all of it but the parent's share): the `lora_B` sides are scaled by it. */
export async function writeAdapter(
  folder: string,
  { adapters, head }: ModelParameters,
  { rank, alpha }: AdapterOptions,
  { share, headOf }: { share: number; headOf: (parameter: ModelParameters['head']['weight']) => Float32Array },
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const sides = namedViews(
    adapters.flatMap(({ parameters }) => parameters),
    ({ data, parts }) => (parts[0]?.name.includes('lora_B') ? data.map((value) => share * value) : data),
  )
  for (const [name, tensor] of namedViews([head.weight, head.bias], headOf))
    sides.set(`${ADAPTER_PREFIX}${name}`, tensor)
  await writeSafetensors(path.join(folder, 'adapter_model.safetensors'), sides, {
    dtype: 'F16',
    metadata: { format: 'pt' },
  })
  // The names that this architecture has for them.
  const modules = [...sides.keys()].flatMap((name) => /(\w+)\.lora_A\.weight$/.exec(name)?.slice(1) ?? [])
  const config = {
    peft_type: 'LORA',
    task_type: 'QUESTION_ANS',
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    target_modules: [...new Set(modules)].sort(),
    modules_to_save: ['qa_outputs'],
    inference_mode: true,
    base_model_name_or_path: null,
  }
  await writeFile(path.join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`, { flush: true })
}
