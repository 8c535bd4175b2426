/** REST errors: `{error: {code, message, hint, requestId}}` with the status of the table. */
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import { requestIdOf } from './request-id.js'

export const notFound: RequestHandler = (request) => {
  throw new DocentError('NOT_FOUND', `there is nothing at ${request.method} ${request.path}`)
}

export function errorHandler(log: Logger): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    const requestId = requestIdOf(request)
    const error = toDocentError(thrown)
    if (error.code === 'INTERNAL') log.error({ requestId, err: thrown }, 'a request failed unexpectedly')
    // Too late for a status: end the connection, so that the client sees that something went wrong.
    if (response.headersSent) return next(thrown)
    response.status(error.status).json({ error: { ...error.toJSON(), requestId } })
  }
}

function toDocentError(thrown: unknown): DocentError {
  if (thrown instanceof DocentError && thrown.code !== 'INTERNAL') return thrown
  // Express's own parsers throw errors with a status and a message that is meant to be shown.
  const { status, expose, message } = thrown as { status?: number; expose?: boolean; message?: string }
  if (expose && status === 413) return new DocentError('TOO_LARGE', 'the body is too large')
  if (expose && status !== undefined && status < 500) return new DocentError('INVALID_INPUT', message ?? 'bad request')
  return new DocentError('INTERNAL', 'Something went wrong in this request.')
}
