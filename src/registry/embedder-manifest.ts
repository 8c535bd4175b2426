/**
 * `manifest.json` of an embedder: set-up or an import writes it when the graph is laid, and nobody embeds with files that are no longer
 * those. A reader that computes something else answers badly; an embedder that does so makes vectors that are kept.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { z } from 'zod'
import { listFiles } from '../durable.js'
import { DocentError } from '../errors.js'
import { checkHashes, hashFiles } from './hashes.js'
import { MANIFEST_FILE, WEIGHTS_FILE } from './manifest.js'

const manifestSchema = z.object({
  formatVersion: z.literal(1),
  id: z.string(),
  licence: z.string(),
  attribution: z.array(z.string()),
  files: z.record(z.string(), z.string()),
})

type About = Omit<z.output<typeof manifestSchema>, 'formatVersion' | 'files'>

/** Vouches for every file that lies in the folder now. */
export async function writeEmbedderManifest(folder: string, about: About): Promise<void> {
  const names = (await listFiles(folder)).filter((name) => name !== MANIFEST_FILE)
  const manifest = { formatVersion: 1, ...about, files: await hashFiles(folder, names) }
  await writeFileAtomic(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`)
}

/**
 * @param extent `served`: what is opened to embed. `whole`: the weights too, four times as many bytes, which only set-up reads.
 * @throws MODEL_CORRUPT naming the first file that is missing or changed
 */
export async function verifyEmbedder(folder: string, extent: 'served' | 'whole'): Promise<void> {
  const { files } = await readEmbedderManifest(folder)
  const { [WEIGHTS_FILE]: _, ...served } = files
  await checkHashes(folder, extent === 'served' ? served : files)
}

/** @throws MODEL_CORRUPT */
export async function readEmbedderManifest(folder: string): Promise<z.output<typeof manifestSchema>> {
  const path = join(folder, MANIFEST_FILE)
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof z.ZodError)) return (thrown as Error).message
  const [issue] = thrown.issues
  return `${issue?.path.join('.') || 'content'}: ${issue?.message}`
}
