/**
 * What files call the tensors of an encoder. Docent calls them all as BERT does, without its prefix: these are the **plain
 * names** (`encoder.layer.0.attention.self.query.weight`), and here they become those of an architecture's files.
 */
import type { Architecture, EncoderConfig } from './encoder-config.js'

interface Names {
  /** Before every name of the encoder in the file of a whole model; the file of a bare encoder leaves it out. */
  readonly prefix: string
  readonly layers: string
  /** Parts of a layer that are called otherwise than in BERT. */
  readonly parts: Readonly<Record<string, string>>
}

const NAMES: Readonly<Record<Architecture, Names>> = {
  bert: { prefix: 'bert.', layers: 'encoder.layer', parts: {} },
  roberta: { prefix: 'roberta.', layers: 'encoder.layer', parts: {} },
  electra: { prefix: 'electra.', layers: 'encoder.layer', parts: {} },
  distilbert: {
    prefix: 'distilbert.',
    layers: 'transformer.layer',
    parts: {
      'attention.self.query': 'attention.q_lin',
      'attention.self.key': 'attention.k_lin',
      'attention.self.value': 'attention.v_lin',
      'attention.output.dense': 'attention.out_lin',
      'attention.output.LayerNorm': 'sa_layer_norm',
      'intermediate.dense': 'ffn.lin1',
      'output.dense': 'ffn.lin2',
      'output.LayerNorm': 'output_layer_norm',
    },
  },
}

/** The head that all four share. It has no prefix, and a plain encoder's file lacks it. */
export const HEAD = 'qa_outputs'

/** The name in the file of a whole model. */
export function tensorName(architecture: Architecture, plainName: string): string {
  if (plainName.startsWith(`${HEAD}.`)) return plainName
  const { prefix, layers, parts } = NAMES[architecture]
  const [, layer, part = '', kind] = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/.exec(plainName) ?? []
  return prefix + (layer === undefined ? plainName : `${layers}.${layer}.${parts[part] ?? part}.${kind}`)
}

/** The same name in the file of a bare encoder. */
export function withoutPrefix(name: string): string {
  const prefix = Object.values(NAMES).find((names) => name.startsWith(names.prefix))?.prefix ?? ''
  return name.slice(prefix.length)
}

/** Where the layers stand, as `withoutPrefix` leaves it: with the number of a layer behind it. */
export function layersName(architecture: Architecture): string {
  return NAMES[architecture].layers
}

export type Shapes = ReadonlyMap<string, readonly number[]>

/** Plain names and shapes of all that the configuration asks for, without the head. */
export function encoderShapes(config: EncoderConfig): Shapes {
  const { hiddenSize, embeddingSize, intermediateSize, maxPositions, positionOffset, typeCount } = config
  const shapes = new Map<string, readonly number[]>()
  const linear = (name: string, outSize: number, inSize: number) =>
    shapes.set(`${name}.weight`, [outSize, inSize]).set(`${name}.bias`, [outSize])
  const norm = (name: string, size: number) => shapes.set(`${name}.weight`, [size]).set(`${name}.bias`, [size])
  shapes.set('embeddings.word_embeddings.weight', [config.vocabularySize, embeddingSize])
  shapes.set('embeddings.position_embeddings.weight', [positionOffset + maxPositions, embeddingSize])
  if (typeCount > 0) shapes.set('embeddings.token_type_embeddings.weight', [typeCount, embeddingSize])
  norm('embeddings.LayerNorm', embeddingSize)
  if (embeddingSize !== hiddenSize) linear('embeddings_project', hiddenSize, embeddingSize)
  for (let index = 0; index < config.layerCount; index++) {
    const layer = `encoder.layer.${index}`
    for (const part of ['query', 'key', 'value']) linear(`${layer}.attention.self.${part}`, hiddenSize, hiddenSize)
    linear(`${layer}.attention.output.dense`, hiddenSize, hiddenSize)
    norm(`${layer}.attention.output.LayerNorm`, hiddenSize)
    linear(`${layer}.intermediate.dense`, intermediateSize, hiddenSize)
    linear(`${layer}.output.dense`, hiddenSize, intermediateSize)
    norm(`${layer}.output.LayerNorm`, hiddenSize)
  }
  return shapes
}

export function headShapes({ hiddenSize }: EncoderConfig): Shapes {
  return new Map([
    [`${HEAD}.weight`, [2, hiddenSize]],
    [`${HEAD}.bias`, [2]],
  ])
}
