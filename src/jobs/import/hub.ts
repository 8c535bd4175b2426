/** A model of the Hugging Face hub as a folder: only what an import reads, and never a pickle. */
import { createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { downloadFile, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub'
import { hashFile } from '../../durable.js'
import { DocentError } from '../../errors.js'
import { readEncoderConfig } from '../../registry/encoder-config.js'
import { VOCABULARY_FILES } from './vocabulary-files.js'
import { chooseWeightFiles, readIndex, SHARDS_FILE, shardsOf } from './weights.js'

/** With one slash or none, as the hub writes it. */
export const HUB_ID_PATTERN = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/

export interface HubOptions {
  /** The hub's own address when null. */
  readonly endpoint: string | null
  readonly token: string | null
  /** Branch, tag or commit; the main branch when undefined. */
  readonly revision?: string | undefined
}

export interface DownloadOptions extends HubOptions {
  /** Fetched where there are any. */
  readonly furtherFiles: readonly string[]
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number, totalBytes: number, file: string) => void
}

const SMALL_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'README.md']

/**
 * @returns the commit that was read.
 * @throws HUB_UNAVAILABLE, PICKLE_REFUSED and MODEL_INCOMPATIBLE before anything large is fetched, MODEL_CORRUPT when a file
 * is not what the hub said of it, CANCELLED
 */
export async function downloadModel(id: string, folder: string, options: DownloadOptions): Promise<string> {
  const { signal, endpoint, token, furtherFiles } = options
  const access: Access = {
    repo: { type: 'model', name: id },
    fetch: ((url: string | URL, init?: RequestInit) => fetch(url, { ...init, signal })) as typeof fetch,
    ...(endpoint !== null && { hubUrl: endpoint.replace(/\/+$/, '') }),
    ...(token !== null && { accessToken: token }),
  }
  const asked = <T>(work: () => Promise<T>): Promise<T> => askHub(id, signal, work)
  const { sha: revision } = await asked(() =>
    modelInfo({
      ...access,
      name: id,
      additionalFields: ['sha'],
      ...(options.revision && { revision: options.revision }),
    }),
  )
  const listed = new Map<string, ListFileEntry>()
  await asked(async () => {
    for await (const entry of listFiles({ ...access, revision })) listed.set(entry.path, entry)
  })
  const fetchFile = (name: string): Promise<void> =>
    asked(() => download({ ...access, revision }, listed.get(name), name, folder, options.onProgress))

  const weightFile = chooseWeightFiles([...listed.keys()], id)
  const small = [...SMALL_FILES, ...furtherFiles, ...(listed.has('tokenizer.json') ? [] : VOCABULARY_FILES)]
  for (const name of small) if (listed.has(name)) await fetchFile(name)
  // What cannot be imported is not worth its weights.
  if (listed.has('config.json')) await readEncoderConfig(folder)
  await fetchFile(weightFile)
  if (weightFile === SHARDS_FILE) {
    for (const shard of shardsOf(await readIndex(folder))) await fetchFile(shard)
  }
  return revision
}

/** What every call of the hub's client takes. */
interface Access {
  readonly repo: { readonly type: 'model'; readonly name: string }
  readonly fetch: typeof fetch
  readonly hubUrl?: string
  readonly accessToken?: string
}

async function download(
  access: Access & { readonly revision: string },
  entry: ListFileEntry | undefined,
  name: string,
  folder: string,
  onProgress: DownloadOptions['onProgress'],
): Promise<void> {
  const blob = entry && (await downloadFile({ ...access, path: name }))
  if (!blob) throw new DocentError('MODEL_CORRUPT', `${access.repo.name} has no file ${name}, which its index names`)
  const file = join(folder, name)
  await mkdir(dirname(file), { recursive: true })
  let done = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, next) {
      done += chunk.length
      onProgress(done, entry.size, name)
      next(null, chunk)
    },
  })
  await pipeline(
    Readable.fromWeb(blob.stream() as Parameters<typeof Readable.fromWeb>[0]),
    counted,
    createWriteStream(file),
  )
  const { size } = await stat(file)
  if (size !== entry.size) {
    throw new DocentError('MODEL_CORRUPT', `${name} came with ${size} bytes, and the hub says ${entry.size}`)
  }
  if (entry.lfs && (await hashFile(file)) !== entry.lfs.oid) {
    throw new DocentError('MODEL_CORRUPT', `${name} has another sha256 than the hub says`)
  }
}

async function askHub<T>(id: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (signal.aborted) throw new DocentError('CANCELLED', `the import of ${id} was cancelled`)
    if (cause instanceof DocentError) throw cause
    const inner = (cause as { cause?: unknown } | null)?.cause
    const reason = [cause, inner]
      .filter((error) => error !== undefined)
      .map((error) => (error as Error)?.message ?? String(error))
    throw new DocentError('HUB_UNAVAILABLE', `no folder ${id} here, and from the hub: ${reason.join(': ')}`, { cause })
  }
}
