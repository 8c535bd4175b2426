/** For whoever watches the process: does it live, can it answer, and what has it done. */
import { Router } from 'express'
import type { Services } from '../graphql/context.js'
import type { Metrics } from './metrics.js'

export function healthRoutes(services: Services, metrics: Metrics): Router {
  const router = Router()
  router.get('/healthz', (_, response) => {
    response.set('cache-control', 'no-store').json({ status: 'ok' })
  })
  router.get('/readyz', async (_, response) => {
    const health = await services.health()
    response
      .status(health.ready ? 200 : 503)
      .set('cache-control', 'no-store')
      .json({ status: health.ready ? 'ready' : 'starting', ...health })
  })
  router.get('/metrics', async (_, response) => {
    const { embedderVersion, nextEmbedder } = await services.embedderState()
    metrics.jobsRunning(services.jobs.runningCount)
    metrics.embedders(embedderVersion, nextEmbedder)
    response.type(metrics.contentType).send(await metrics.print())
  })
  return router
}
