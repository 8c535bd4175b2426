/** Published folders for an import, made of the fixtures and then changed. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../../src/child.js'
import type { Architecture } from '../../../src/registry/encoder-config.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../../../src/registry/safetensors.js'
import { type SquadExample, toSquad } from '../../../src/text/squad.js'
import { priceTag } from '../reader-lab.js'

// biome-ignore lint/suspicious/noExplicitAny: a test changes whatever field it is about
type Json = any

export class SourceFolder {
  private constructor(readonly path: string) {}

  /** A copy of a fixture in `parent`, as a model is published. */
  static async of(architecture: Architecture, parent: string, name: string = architecture): Promise<SourceFolder> {
    const path = join(parent, name)
    await mkdir(path, { recursive: true })
    for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) {
      await cp(join(packageRoot, 'test/fixtures/encoders', architecture, file), join(path, file))
    }
    await writeFile(join(path, 'README.md'), '---\nlicense: mit\nlanguage: en\n---\n# A model\n')
    return new SourceFolder(path)
  }

  async changeJson(file: string, change: (json: Json) => void): Promise<void> {
    const json = JSON.parse(await readFile(join(this.path, file), 'utf8'))
    change(json)
    await writeFile(join(this.path, file), JSON.stringify(json))
  }

  async changeWeights(change: (weights: Map<string, Tensor>) => Map<string, Tensor>): Promise<void> {
    const file = join(this.path, 'model.safetensors')
    await writeSafetensors(file, change(await readSafetensors(file)), { dtype: 'F32' })
  }

  /** In two files and an index. */
  async shard(): Promise<void> {
    const weights = [...(await readSafetensors(join(this.path, 'model.safetensors')))]
    await this.remove('model.safetensors')
    const map: Record<string, string> = {}
    for (const [index, part] of [weights.slice(0, 9), weights.slice(9)].entries()) {
      const name = `model-0000${index + 1}-of-00002.safetensors`
      await writeSafetensors(join(this.path, name), new Map(part), { dtype: 'F32' })
      for (const [tensor] of part) map[tensor] = name
    }
    await this.write('model.safetensors.index.json', JSON.stringify({ metadata: {}, weight_map: map }))
  }

  write(file: string, content: string | Uint8Array): Promise<void> {
    return writeFile(join(this.path, file), content)
  }

  remove(file: string): Promise<void> {
    return rm(join(this.path, file))
  }
}

/** Something to calibrate on in no time. */
export async function writeGeneralSet(file: string): Promise<void> {
  const examples = Array.from({ length: 12 }, (_, index): SquadExample => {
    const { context, price } = priceTag(index)
    const common = { id: `q${index}`, title: 'tags', question: 'How much does it cost?', context }
    return index % 4 === 0
      ? { ...common, answers: [], isImpossible: true }
      : { ...common, answers: [{ text: price, start: context.indexOf(price) }], isImpossible: false }
  })
  await writeFile(file, JSON.stringify(toSquad(examples)))
}
