import type { Client } from '../../src/cli/client.js'
import { JOB_FIELDS, type JobView } from '../../src/cli/jobs.js'

/** The job as it ended, seen over server-sent events. */
export async function endedJob(client: Client, id: string): Promise<JobView> {
  let last: JobView | undefined
  const watch = client.subscribe<{ jobProgress: JobView }>(
    `subscription($id: ID!) { jobProgress(id: $id) { ${JOB_FIELDS} } }`,
    { id },
  )
  for await (const { jobProgress } of watch) last = jobProgress
  if (!last) throw new Error(`nothing was said of job ${id}`)
  return last
}
