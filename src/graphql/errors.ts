/**
 * The one way from a thrown thing to a GraphQL error: `extensions.code` and `extensions.hint` come from the error table,
 * what the table does not know is masked as INTERNAL under a request id that the log has too.
 */
import { GraphQLError } from 'graphql'
import { DocentError } from '../errors.js'
import type { Logger } from '../log.js'

export interface ErrorPlace {
  readonly requestId: string
  readonly log: Logger
  /** Nothing was answered beside the error, so the HTTP status says what it is. */
  readonly alone: boolean
}

export function toGraphqlError(thrown: GraphQLError, place: ErrorPlace): GraphQLError {
  const error = toDocentError(thrown, place)
  return new GraphQLError(error.message, {
    ...(thrown.nodes && { nodes: thrown.nodes }),
    ...(thrown.path && { path: thrown.path }),
    extensions: {
      code: error.code,
      hint: error.hint,
      status: error.status,
      requestId: place.requestId,
      ...(place.alone && { http: { status: error.status } }),
    },
  })
}

function toDocentError(thrown: GraphQLError, { requestId, log }: ErrorPlace): DocentError {
  const cause = rootCause(thrown)
  if (cause instanceof DocentError && cause.code !== 'INTERNAL') return cause
  if (cause instanceof GraphQLError) {
    // Syntax, validation and variable errors of GraphQL itself are the caller's, and safe to show.
    const tooLarge = cause.extensions.http?.status === 413
    return new DocentError(tooLarge ? 'TOO_LARGE' : 'INVALID_INPUT', tooLarge ? TOO_LARGE_MESSAGE : thrown.message)
  }
  log.error({ requestId, err: cause }, 'a request failed unexpectedly')
  return new DocentError('INTERNAL', `Something went wrong in request ${requestId}.`)
}

const TOO_LARGE_MESSAGE = 'The request is too large for GraphQL; send the text as a file to POST /documents.'

/** Yoga and graphql-js wrap what a resolver threw, sometimes twice. */
function rootCause(thrown: unknown): unknown {
  let cause = thrown
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError
  return cause
}
