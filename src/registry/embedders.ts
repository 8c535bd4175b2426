/** The embedders on disk: a folder `models/embedder/NAME` each, which never changes once its manifest is written. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, removeLeftovers } from '../durable.js'
import { DocentError } from '../errors.js'
import { type EmbedderConfig, readEmbedderConfig } from './embedder-config.js'
import { readEmbedderManifest, verifyEmbedder } from './embedder-manifest.js'
import { WEIGHTS_FILE } from './manifest.js'

export interface EmbedderVersion extends EmbedderConfig {
  readonly name: string
  readonly folder: string
  readonly weightsHash: string
}

export class Embedders {
  readonly dir: string

  constructor({ modelsDir }: { modelsDir: string }) {
    this.dir = join(modelsDir, 'embedder')
  }

  folder(name: string): string {
    return join(this.dir, name)
  }

  async names(): Promise<string[]> {
    if (!(await exists(this.dir))) return []
    // What is being written aside is none yet.
    return (await readdir(this.dir)).filter((name) => !name.startsWith('.')).sort()
  }

  /** @throws EMBEDDER_NOT_FOUND, MODEL_CORRUPT, MODEL_INCOMPATIBLE */
  async get(name: string): Promise<EmbedderVersion> {
    const folder = await this.#present(name)
    const { files } = await readEmbedderManifest(folder)
    const weightsHash = files[WEIGHTS_FILE]
    if (weightsHash === undefined)
      throw new DocentError('MODEL_CORRUPT', `${folder}: no ${WEIGHTS_FILE} is vouched for`)
    return { name, folder, weightsHash, ...(await readEmbedderConfig(folder)) }
  }

  /** As {@link verifyEmbedder}. */
  async verify(name: string, extent: 'served' | 'whole'): Promise<void> {
    await verifyEmbedder(await this.#present(name), extent)
  }

  /** What imports that were killed left behind. */
  removeLeftovers(): Promise<number> {
    return removeLeftovers(this.dir)
  }

  async #present(name: string): Promise<string> {
    const folder = this.folder(name)
    if (await exists(folder)) return folder
    const names = await this.names()
    throw new DocentError(
      'EMBEDDER_NOT_FOUND',
      `there is no embedder ${folder}; there is ${names.join(', ') || 'none'}`,
    )
  }
}
