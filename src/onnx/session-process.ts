/** The program of a session host: one session, one input after another. */
import { serveParent } from '../child.js'
import { DocentError } from '../errors.js'
import { ModelSession } from './runtime.js'
import type { ModelInput, ModelOutput } from './session-host.js'

let session: ModelSession | null = null

serveParent({
  open: async ({ modelPath, threads }: { modelPath: string; threads: number }) => {
    session = await ModelSession.open(modelPath, threads)
  },
  run: async (inputs: readonly ModelInput[]): Promise<ModelOutput[]> => {
    if (!session) throw new DocentError('INTERNAL', 'no model is open')
    const outputs: ModelOutput[] = []
    for (const input of inputs) outputs.push(await session.run(input))
    return outputs
  },
  rssBytes: () => process.memoryUsage().rss,
})
