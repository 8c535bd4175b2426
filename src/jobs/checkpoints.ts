/**
 * Whose checkpoints stay on disk: `runs/RUN` under the data directory, some 200 MB each. A run that succeeds removes its
 * own. Of those that did not, the {@link KEPT_RUNS} newest keep theirs, to be resumed; a run that resumes one takes the
 * folder over, so there is one of each.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../domain.js'
import { exists, flushFolder } from '../durable.js'
import { DocentError } from '../errors.js'
import type { Reader } from '../store/store.js'

/** Enough to come back to yesterday's run after two bad starts. */
export const KEPT_RUNS = 3

export class Checkpoints {
  readonly #folder: string

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'runs')
  }

  folderOf(runId: string): string {
    return join(this.#folder, runId)
  }

  /** @throws NO_CHECKPOINT when there is nothing to go on from. */
  async require(runId: string): Promise<void> {
    if (await exists(this.folderOf(runId))) return
    throw new DocentError(
      'NO_CHECKPOINT',
      `run ${runId} has no checkpoint: it made none, another run went on from it, or newer ones took its place`,
    )
  }

  /** Hands the folder of one run to another, which may have it already: a job that is repeated asks again. */
  async takeOver(from: string, to: string): Promise<void> {
    if (await exists(this.folderOf(to))) return
    await this.require(from)
    await rename(this.folderOf(from), this.folderOf(to))
    await flushFolder(this.#folder)
  }

  async remove(runId: string): Promise<void> {
    await rm(this.folderOf(runId), { recursive: true, force: true })
  }

  /**
   * Removes what the rule above does not keep.
   * @param awaited runs that a queued one will go on from, however old they are
   */
  async prune(reader: Pick<Reader, 'runs'>, awaited: ReadonlySet<string>): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    // Ids rise with time.
    const ids = (await readdir(this.#folder)).sort().reverse()
    let kept = 0
    for (const id of ids) {
      const run = await reader.runs.get(id)
      if (run && (isUnderWay(run) || awaited.has(id))) continue
      const resumable = run?.status === 'FAILED' || run?.status === 'CANCELLED'
      if (resumable && kept++ < KEPT_RUNS) continue
      await this.remove(id)
    }
  }
}

function isUnderWay({ status }: Run): boolean {
  return status !== 'SUCCEEDED' && status !== 'FAILED' && status !== 'CANCELLED'
}
