/**
 * The weights of a published model, whole or in shards, as Docent keeps them: exactly the tensors that its configuration
 * asks for, under the names of a whole model. Only safetensors are opened: a pickle is a program.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DocentError } from '../../errors.js'
import type { EncoderConfig } from '../../registry/encoder-config.js'
import { WEIGHTS_FILE } from '../../registry/manifest.js'
import { readSafetensors, type Tensor } from '../../registry/safetensors.js'
import { encoderShapes, headShapes, layersName, tensorName, withoutPrefix } from '../../registry/tensor-names.js'

export const SHARDS_FILE = 'model.safetensors.index.json'

const PICKLE = /\.(bin|pt|pth|ckpt|pkl|pickle)$/
const SHARD = /^[\w.-]+\.safetensors$/

/** The largest number of half precision, in which versions are kept. */
const LARGEST_HALF = 65_504

/**
 * @param names of the files in the folder
 * @param where the folder or hub id, for messages
 * @throws PICKLE_REFUSED naming the pickle where there is nothing else, MODEL_INCOMPATIBLE where there is nothing at all
 */
export function chooseWeightFiles(names: readonly string[], where: string): typeof WEIGHTS_FILE | typeof SHARDS_FILE {
  for (const name of [WEIGHTS_FILE, SHARDS_FILE] as const) if (names.includes(name)) return name
  const pickle = names.find((name) => PICKLE.test(name))
  if (pickle !== undefined) throw new DocentError('PICKLE_REFUSED', `${where} has its weights in ${pickle} alone`)
  throw new DocentError('MODEL_INCOMPATIBLE', `${where} has neither ${WEIGHTS_FILE} nor ${SHARDS_FILE}`)
}

const shardsSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(SHARD)) })

/** Tensor name -> file of the folder. @throws MODEL_CORRUPT */
export async function readIndex(folder: string): Promise<Readonly<Record<string, string>>> {
  const path = join(folder, SHARDS_FILE)
  try {
    return shardsSchema.parse(JSON.parse(await readFile(path, 'utf8'))).weight_map
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new DocentError('MODEL_CORRUPT', `${path} cannot be read: ${reason}`, { cause })
  }
}

/** The files that an index names, each once. */
export function shardsOf(index: Readonly<Record<string, string>>): string[] {
  return [...new Set(Object.values(index))].sort()
}

/** @throws MODEL_CORRUPT when a file is damaged, missing, or not what the index says of it; else as chooseWeightFiles. */
export async function readSourceWeights(
  folder: string,
  names: readonly string[],
  where: string,
): Promise<Map<string, Tensor>> {
  if (chooseWeightFiles(names, where) === WEIGHTS_FILE) return readSafetensors(join(folder, WEIGHTS_FILE))
  const index = await readIndex(folder)
  const whole = new Map<string, Tensor>()
  for (const shard of shardsOf(index)) {
    for (const [name, tensor] of await readSafetensors(join(folder, shard))) {
      if (index[name] !== shard)
        throw new DocentError('MODEL_CORRUPT', `${shard} has ${name}, and the index says otherwise`)
      whole.set(name, tensor)
    }
    const missing = Object.keys(index).find((name) => index[name] === shard && !whole.has(name) && !isBuffer(name))
    if (missing !== undefined)
      throw new DocentError('MODEL_CORRUPT', `${shard} lacks ${missing}, which the index says it has`)
  }
  return whole
}

/** Integers that old files carry beside the weights; readSafetensors leaves them out. */
const isBuffer = (name: string): boolean => name.endsWith('position_ids') || name.endsWith('token_type_ids')

export interface SelectedWeights {
  /** Under the names of a whole model. */
  readonly tensors: Map<string, Tensor>
  readonly hasHead: boolean
}

/**
 * What the configuration asks for, and nothing else: poolers and heads of other tasks are left behind.
 * @throws MODEL_INCOMPATIBLE where configuration and weights contradict each other, naming the tensor; MODEL_CORRUPT where a
 * number is none
 */
export function selectWeights(config: EncoderConfig, source: ReadonlyMap<string, Tensor>): SelectedWeights {
  const found = new Map([...source].map(([name, tensor]) => [modernName(name), tensor]))
  refuseFurtherLayers(config, found.keys())
  const hasHead = [...headShapes(config).keys()].some((name) => found.has(name))
  const tensors = new Map<string, Tensor>()
  for (const [plainName, shape] of [...encoderShapes(config), ...(hasHead ? headShapes(config) : [])]) {
    const name = tensorName(config.architecture, plainName)
    const tensor = found.get(name) ?? found.get(withoutPrefix(name))
    if (!tensor) throw new DocentError('MODEL_INCOMPATIBLE', `the weights lack ${name}, which config.json asks for`)
    if (tensor.shape.join() !== shape.join()) {
      const message = `${name} has the shape [${tensor.shape}], and config.json asks for [${shape}]`
      throw new DocentError('MODEL_INCOMPATIBLE', message)
    }
    checkNumbers(name, tensor.data)
    tensors.set(name, tensor)
  }
  return { tensors, hasHead }
}

/** Files that were converted from TensorFlow call the two parts of a layer norm gamma and beta. */
function modernName(name: string): string {
  return name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
}

function refuseFurtherLayers({ architecture, layerCount }: EncoderConfig, names: Iterable<string>): void {
  const start = `${layersName(architecture)}.`
  for (const name of names) {
    const bare = withoutPrefix(name)
    const layer = bare.startsWith(start) ? Number.parseInt(bare.slice(start.length), 10) : 0
    if (layer < layerCount) continue
    throw new DocentError('MODEL_INCOMPATIBLE', `the weights have ${name}, and config.json says ${layerCount} layers`)
  }
}

function checkNumbers(name: string, data: Float32Array): void {
  for (let index = 0; index < data.length; index++) {
    const size = Math.abs(data[index] as number)
    if (size <= LARGEST_HALF) continue
    if (Number.isFinite(size))
      throw new DocentError('MODEL_INCOMPATIBLE', `${name} has numbers that half precision cannot hold`)
    throw new DocentError('MODEL_CORRUPT', `${name} has numbers that are not finite`)
  }
}
