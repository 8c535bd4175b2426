/** POST /documents (multipart, streamed to disk, many files), PUT /documents/:id (one) and GET /documents/:id/text. */
import { type Request, Router } from 'express'
import { DocentError } from '../errors.js'
import type { Services } from '../graphql/context.js'
import type { Upload } from '../ingest/documents.js'
import { parseFlag, receiveUploads } from './uploads.js'

export function documentRoutes(services: Services): Router {
  const router = Router()

  // 202 when at least one file was accepted; files that were not are listed with their errors.
  router.post('/documents', async (request, response) => {
    const { documents, log } = services
    const { batchId, jobs, errors } = await receiveUploads(request, { accept: (upload) => documents.add(upload), log })
    const [first] = errors
    if (jobs.length === 0 && first) return void response.status(first.status).json({ jobs, errors, error: first })
    response.status(202).json({ batch: { id: batchId }, jobs, errors })
  })

  // The next version of a document: a form with one file, or the bytes themselves under their content type.
  router.put('/documents/:id', async (request, response) => {
    const { documents, log } = services
    const { id } = request.params
    if (!request.is('multipart/form-data')) {
      const reparse = request.query.reparse !== undefined && parseFlag('reparse', request.query.reparse)
      const job = await documents.update(id, { content: request, mediaType: typeOf(request), reparse })
      return void response.status(202).json({ job })
    }
    const accept = ({ externalId, collection, ...change }: Upload) => {
      const field = externalId !== undefined ? 'externalId' : collection !== undefined ? 'collection' : undefined
      if (field) throw new DocentError('INVALID_INPUT', `${field} cannot be changed`)
      return documents.update(id, change)
    }
    const { jobs, errors } = await receiveUploads(request, {
      accept: async (upload) => accept(upload),
      maxFiles: 1,
      log,
    })
    const [error] = errors
    if (error) return void response.status(error.status).json({ error })
    response.status(202).json({ job: jobs[0] })
  })

  router.get('/documents/:id/text', async (request, response) => {
    const { text, version } = await services.documents.text(request.params.id, versionOf(request.query.version))
    response.type('text/plain; charset=utf-8').set('docent-document-version', String(version)).send(text)
  })

  return router
}

/** Undefined where it says nothing: the bytes are read as those before them. */
function typeOf({ headers }: Request): string | undefined {
  const type = headers['content-type']
  return type === 'application/octet-stream' ? undefined : type
}

function versionOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new DocentError('INVALID_INPUT', `version must be a number from 1, not ${String(value)}`)
}
