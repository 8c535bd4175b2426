/**
 * Jobs that a process left running when it died. Who killed it is not to be known: they are queued again, and each death under
 * the same job makes it wait longer, so that one which kills the process lets all others pass, and one that was only there
 * whenever something else did is not lost.
 */
import { DocentError } from '../errors.js'
import type { Store } from '../store/store.js'

const MAX_DELAY_MS = 3_600_000
/** With delays from seconds to an hour: more than half a day of deaths, always under this job. */
export const MAX_DEATHS = 20
/** More than all kinds together may run. */
const PAGE = 100

/** @returns how many. Called before any job runs. */
export function requeueLeftRunning(store: Store, delayMs: number): Promise<number> {
  return store.transact(async ({ jobs }) => {
    const { items } = await jobs.page({ first: PAGE, status: 'RUNNING' })
    for (const { id, deaths: before } of items) {
      const deaths = before + 1
      // Once is chance, and what is given up need not wait for it.
      if (deaths < 2 || deaths >= MAX_DEATHS) continue
      const runAfter = new Date(Date.now() + Math.min(MAX_DELAY_MS, delayMs * 4 ** (deaths - 2)))
      const error = new DocentError('INTERNAL', `the process died ${deaths} times while this job ran`).toJSON()
      await jobs.update(id, { runAfter, error })
    }
    return jobs.requeueRunning()
  })
}
