/** The tiny readers of scripts/fixtures/encoders.py, and what the real transformers computed with each. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/child.js'
import { type Architecture, type EncoderConfig, readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors, type Tensor } from '../../src/registry/safetensors.js'
import type { SpanLogits } from '../../src/text/spans.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { makeWindows, type Window } from '../../src/text/windows.js'

/** As the script cut them. */
export const FIXTURE_WINDOWS = { maxSequenceLength: 80, stride: 16, maxQuestionTokens: 64 }

export interface ReferenceWindow {
  readonly question: string
  readonly context: string
  readonly ids: number[]
  readonly offsets: [number, number][]
  readonly start: number
  readonly end: number
  readonly startLogits: number[]
  readonly endLogits: number[]
}

export interface EncoderFixture {
  readonly folder: string
  readonly config: EncoderConfig
  readonly weights: Map<string, Tensor>
  readonly tokenizer: Tokenizer
  readonly reference: {
    readonly windows: ReferenceWindow[]
    readonly loss: number
    readonly gradientNorms: Record<string, number>
  }
  /** Made here, in the order of the reference. */
  readonly windows: Window[]
}

export async function openFixture(architecture: Architecture): Promise<EncoderFixture> {
  const folder = join(packageRoot, 'test/fixtures/encoders', architecture)
  const tokenizer = await Tokenizer.open(folder)
  const reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8')) as EncoderFixture['reference']
  const windows: Window[] = []
  for (const { question, context } of new Map(reference.windows.map((row) => [row.question, row])).values()) {
    const [asked, read] = [await tokenizer.encode(question), await tokenizer.encode(context)]
    windows.push(...makeWindows(asked, read, tokenizer, FIXTURE_WINDOWS))
  }
  return {
    folder,
    config: await readEncoderConfig(folder),
    weights: await readSafetensors(join(folder, 'model.safetensors')),
    tokenizer,
    reference,
    windows,
  }
}

/** The largest difference of any logit of any window. */
export function largestDifference(logits: readonly SpanLogits[], reference: readonly ReferenceWindow[]): number {
  return Math.max(
    ...reference.flatMap(({ startLogits, endLogits }, window) => {
      const found = logits[window] as SpanLogits
      return [...distances(found.startLogits, startLogits), ...distances(found.endLogits, endLogits)]
    }),
  )
}

function distances(found: Float32Array, expected: readonly number[]): number[] {
  if (found.length !== expected.length) return [Number.POSITIVE_INFINITY]
  return expected.map((value, index) => Math.abs(value - (found[index] as number)))
}
