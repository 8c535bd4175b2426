/** Every request gets an id that the log, the error and the response share. */
import type { RequestHandler } from 'express'
import { v7 as uuidv7 } from 'uuid'

const HEADER = 'x-request-id'

/** A caller's own id is kept when it is short and plain. It is left in the header, where GraphQL finds it too. */
export const requestIds: RequestHandler = (request, response, next) => {
  const given = request.headers[HEADER]
  const id = typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : uuidv7()
  request.headers[HEADER] = id
  response.setHeader(HEADER, id)
  next()
}

export function requestIdOf(request: { headers: Record<string, string | string[] | undefined> }): string {
  return String(request.headers[HEADER])
}
