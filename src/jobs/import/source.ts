/** Where an import reads from: a folder here, or one fetched from the hub. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { DocentError } from '../../errors.js'
import type { JobContext } from '../kind.js'
import { downloadModel, HUB_ID_PATTERN, type HubOptions } from './hub.js'
import type { NormalisedTokenizer } from './tokenizer.js'

/** @returns whether it is a folder. @throws INVALID_INPUT when it is neither */
export async function isFolderOrHubId(source: string): Promise<boolean> {
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (isFolder || HUB_ID_PATTERN.test(source)) return isFolder
  const message = `${JSON.stringify(source)} is neither a folder nor the id of a model on the hub`
  throw new DocentError('INVALID_INPUT', message)
}

export interface FetchOptions {
  readonly hub: HubOptions
  /** Fetched beside the files of every model, where there are any. */
  readonly furtherFiles?: readonly string[]
  readonly context: Pick<JobContext, 'signal' | 'progress'>
}

/** @returns the folder to read, and what the manifest says of where it came from. @throws as {@link downloadModel} */
export async function fetchSource(
  source: string,
  isFolder: boolean,
  work: string,
  { hub, furtherFiles = [], context: { signal, progress } }: FetchOptions,
): Promise<{ folder: string; origin: string }> {
  if (isFolder) return { folder: resolve(source), origin: `folder ${basename(resolve(source))}` }
  const onProgress = (done: number, total: number, file: string) => void progress(done, total, `downloading ${file}`)
  const commit = await downloadModel(source, work, { ...hub, furtherFiles, signal, onProgress })
  return { folder: work, origin: `Hugging Face hub: ${source}, commit ${commit}` }
}

export function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** The published configuration under the class that Docent makes of it, and the mended tokenizer. */
export async function writeConfiguration(
  target: string,
  { folder, className, tokenizer }: { folder: string; className: string; tokenizer: NormalisedTokenizer },
): Promise<void> {
  const published: Record<string, unknown> = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  await writeJson(join(target, 'config.json'), { ...published, architectures: [className] })
  await writeJson(join(target, 'tokenizer.json'), tokenizer.file)
  await writeJson(join(target, 'tokenizer_config.json'), tokenizer.config)
}

/** As the model card's front matter has it; `unknown` without one. */
export async function licenceIn(folder: string, names: readonly string[]): Promise<string> {
  if (!names.includes('README.md')) return 'unknown'
  const card = await readFile(join(folder, 'README.md'), 'utf8')
  const [, front = ''] = /^---\r?\n(.*?)\r?\n---/s.exec(card) ?? []
  try {
    const licence = (parseYaml(front) as { license?: unknown } | null)?.license
    return typeof licence === 'string' ? licence : 'unknown'
  } catch {
    return 'unknown'
  }
}
