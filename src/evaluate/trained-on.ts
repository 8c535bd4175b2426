/** Whether a reader is asked about passages that it learnt: what it scores on them says nothing. */
import { join } from 'node:path'
import { DocentError } from '../errors.js'
import { readSquadFile, TRAIN_FILE } from '../feedback/dataset.js'
import type { ModelVersion, Registry } from '../registry/registry.js'
import { contextKey, type SquadExample } from '../text/squad.js'

export interface TrainedOnOptions {
  readonly registry: Pick<Registry, 'get'>
  /** Where datasets are kept. */
  readonly datasetsDir: string
  /** What is known of the bundled reader's own data. */
  readonly replayPath: string
}

/**
 * Looks at the datasets of the version and of all versions before it, as far as they are on this machine.
 * @throws EVALUATION_LEAK saying how many questions are about passages that were learnt.
 */
export async function requireUnseen(
  version: ModelVersion,
  examples: readonly SquadExample[],
  { registry, datasetsDir, replayPath }: TrainedOnOptions,
): Promise<void> {
  const learnt = new Set<string>()
  const learn = async (file: string): Promise<void> => {
    for (const { context } of await readSquadFile(file)) learnt.add(contextKey(context))
  }
  for (let next: ModelVersion | null = version; next; next = await parentOf(next, registry)) {
    const { origin, datasetHash } = next.manifest
    if (origin === 'BUNDLED') await learn(replayPath)
    else if (datasetHash) await learn(join(datasetsDir, datasetHash, TRAIN_FILE))
  }
  const seen = examples.filter(({ context }) => learnt.has(contextKey(context))).length
  if (seen === 0) return
  throw new DocentError(
    'EVALUATION_LEAK',
    `${seen} of ${examples.length} questions are about passages that ${version.id} was trained on`,
  )
}

/** Null where there is none, or it was removed: a version does not need its parent. */
async function parentOf({ manifest }: ModelVersion, registry: Pick<Registry, 'get'>): Promise<ModelVersion | null> {
  if (manifest.parent === null) return null
  return registry.get(manifest.parent).catch((thrown: unknown) => {
    if (thrown instanceof DocentError && thrown.code === 'MODEL_NOT_FOUND') return null
    throw thrown
  })
}
