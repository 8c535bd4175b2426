/** POST /documents (multipart, streamed to disk, many files) and GET /documents/:id/text. */
import { Router } from 'express'
import { DocentError } from '../errors.js'
import type { Services } from '../graphql/context.js'
import { receiveUploads } from './uploads.js'

export function documentRoutes(services: Services): Router {
  const router = Router()

  // 202 when at least one file was accepted; files that were not are listed with their errors.
  router.post('/documents', async (request, response) => {
    const { batchId, jobs, errors } = await receiveUploads(request, services.documents, services.log)
    const [first] = errors
    if (jobs.length === 0 && first) return void response.status(first.status).json({ jobs, errors, error: first })
    response.status(202).json({ batch: { id: batchId }, jobs, errors })
  })

  router.get('/documents/:id/text', async (request, response) => {
    const { text, version } = await services.documents.text(request.params.id, versionOf(request.query.version))
    response.type('text/plain; charset=utf-8').set('docent-document-version', String(version)).send(text)
  })

  return router
}

function versionOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new DocentError('INVALID_INPUT', `version must be a number from 1, not ${String(value)}`)
}
