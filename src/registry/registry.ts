import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createFolder, exists, listFiles, removeLeftovers } from '../durable.js'
import { DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import { checkHashes, hashFiles } from './hashes.js'
import {
  graphsLaidOnDemand,
  MANIFEST_FILE,
  MANIFEST_FORMAT_VERSION,
  type Manifest,
  type ManifestDraft,
  MODEL_ID_PATTERN,
  manifestDraftSchema,
  printManifest,
  readManifest,
} from './manifest.js'

export interface ModelVersion {
  readonly id: string
  readonly folder: string
  readonly manifest: Manifest
}

export interface RegistryOptions {
  readonly modelsDir: string
  /** Told of folders that `list` leaves out. */
  readonly log?: Logger
}

/** Reader versions on disk, in `modelsDir/reader/ID/`. A version never changes once it is there. */
export class Registry {
  readonly readersDir: string
  readonly #log: Logger | undefined

  constructor({ modelsDir, log }: RegistryOptions) {
    this.readersDir = join(modelsDir, 'reader')
    this.#log = log
  }

  /** Every folder, readable or not, in the order of the names. */
  async ids(): Promise<string[]> {
    if (!(await exists(this.readersDir))) return []
    const entries = await readdir(this.readersDir, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && MODEL_ID_PATTERN.test(entry.name))
      .map((entry) => entry.name)
      .sort()
  }

  /** Newest first. A folder whose manifest cannot be read is logged and left out; `verify` says what is wrong with it. */
  async list(): Promise<ModelVersion[]> {
    const versions: ModelVersion[] = []
    for (const id of await this.ids()) {
      try {
        versions.push(await this.get(id))
      } catch (error) {
        this.#log?.warn({ modelVersion: id, err: error }, 'a model folder cannot be read')
      }
    }
    const time = ({ manifest }: ModelVersion) => Date.parse(manifest.createdAt)
    return versions.sort((a, b) => time(b) - time(a) || (a.id < b.id ? 1 : -1))
  }

  /** @throws MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_INCOMPATIBLE. Only the manifest is read, see `verify`. */
  async get(id: string): Promise<ModelVersion> {
    const folder = this.#folder(id)
    if (!MODEL_ID_PATTERN.test(id) || !(await exists(folder))) {
      throw new DocentError('MODEL_NOT_FOUND', `there is no model version ${JSON.stringify(id)}`)
    }
    const manifest = await readManifest(folder)
    if (manifest.id !== id) {
      throw new DocentError('MODEL_CORRUPT', `${join(folder, MANIFEST_FILE)} is the manifest of ${manifest.id}`)
    }
    return { id, folder, manifest }
  }

  /** Reads every byte. @throws MODEL_CORRUPT naming the first file that is changed, missing or unknown. */
  async verify(id: string): Promise<void> {
    const { folder, manifest } = await this.get(id)
    await checkHashes(folder, manifest.files)
    const onDemand = graphsLaidOnDemand(manifest)
    const present = await listFiles(folder)
    await checkHashes(folder, Object.fromEntries(Object.entries(onDemand).filter(([file]) => present.includes(file))))
    const unknown = present.find((file) => file !== MANIFEST_FILE && !(file in manifest.files) && !(file in onDemand))
    if (unknown !== undefined) {
      throw new DocentError('MODEL_CORRUPT', `${join(folder, unknown)} is not listed in the manifest`)
    }
  }

  /**
   * Makes a version from what `build` writes into an empty folder aside. An id that exists already is that version: it is
   * verified and returned, and nothing is built, so that an interrupted maker may simply try again.
   */
  async create(id: string, build: (folder: string) => Promise<ManifestDraft>): Promise<ModelVersion> {
    if (!MODEL_ID_PATTERN.test(id)) {
      throw new DocentError('INVALID_INPUT', `${JSON.stringify(id)} cannot name a model version`)
    }
    const built = await createFolder(this.#folder(id), async (folder) => {
      const draft = manifestDraftSchema.parse(await build(folder))
      await writeFile(join(folder, MANIFEST_FILE), await this.#print(id, folder, draft))
      return true
    })
    if (!built) await this.verify(id)
    return this.get(id)
  }

  /** Once at start: clears away what killed writers left behind. */
  async removeLeftovers(): Promise<void> {
    const count = await removeLeftovers(this.readersDir)
    if (count > 0) this.#log?.info({ count }, 'removed unfinished model folders')
  }

  async #print(id: string, folder: string, draft: ManifestDraft): Promise<string> {
    // Made while it was measured: the version is whole without it.
    const onDemand = graphsLaidOnDemand(draft)
    const files = await hashFiles(
      folder,
      (await listFiles(folder)).filter((file) => !(file in onDemand)),
    )
    for (const form of Object.values(draft.forms)) {
      if (form && !(form.file in files) && form.sha256 === undefined) {
        throw new DocentError('INTERNAL', `version ${id} was built without ${form.file}`)
      }
    }
    return printManifest({ formatVersion: MANIFEST_FORMAT_VERSION, id, ...draft, files })
  }

  #folder(id: string): string {
    return join(this.readersDir, id)
  }
}
