/** Graphs that a version's folder need not hold, written from its weights where they are needed. */
import { dirname, join } from 'node:path'
import { Child } from '../child.js'
import { createFile, exists, hashFile } from '../durable.js'
import { DocentError } from '../errors.js'
import type { MeasuredForm } from '../registry/manifest.js'
import type { ModelForm, ModelTask } from './export-model.js'
import type { GraphRequest } from './graph-process.js'

/**
 * Sees to it that `file`, the graph of `form`, lies in the reader's folder. One that is there is taken as it is: the registry
 * has verified it.
 * @param graph `sha256` is what it must be, where that is known.
 * @returns its path
 * @throws MODEL_CORRUPT when the weights give another graph.
 */
export async function layGraph(
  folder: string,
  form: ModelForm,
  { file, sha256 }: Pick<MeasuredForm, 'file' | 'sha256'>,
): Promise<string> {
  const path = join(folder, file)
  if (await exists(path)) return path
  await createFile(path, dirname(folder), async (aside) => {
    await writeGraph(folder, form, aside)
    const found = sha256 && (await hashFile(aside))
    if (found !== sha256)
      throw new DocentError('MODEL_CORRUPT', `the weights give a ${path} of sha256 ${found}, not ${sha256}`)
  })
  return path
}

/** Writes the graph of the model in `folder` to the file `path`, in a process of its own. */
export async function writeGraph(
  folder: string,
  form: ModelForm,
  path: string,
  task: ModelTask = 'reader',
): Promise<void> {
  await using child = new Child('onnx/graph-process.js', { niceness: 10 })
  const request: GraphRequest = { folder, task, form, path }
  await child.request('write', request)
}
