/**
 * A browser lets any web page send "simple" requests to a server on this machine. Docent has no accounts yet, so a request
 * that a foreign page sent is refused, and GraphQL is taken as JSON only, which no foreign form can send.
 */
import type { RequestHandler } from 'express'
import { DocentError } from '../errors.js'

export const guardOrigin: RequestHandler = (request, _, next) => {
  const { origin } = request.headers
  if (origin === undefined || isOwn(origin, request.headers.host)) return next()
  throw new DocentError('ORIGIN_NOT_ALLOWED', `a page of ${origin} may not use this server`)
}

function isOwn(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host
  } catch {
    return false
  }
}

export const guardGraphql: RequestHandler = (request, response, next) => {
  response.setHeader('cache-control', 'no-store')
  if (request.method === 'POST' && !request.is('application/json')) {
    throw new DocentError('INVALID_INPUT', 'POST /graphql takes content-type application/json')
  }
  next()
}
