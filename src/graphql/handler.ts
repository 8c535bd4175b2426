/** The GraphQL endpoint as a fetch handler: server/ mounts it on express, the CLI calls it in process. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphQLError } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { Logger } from '../log.js'
import type { Services } from './context.js'
import { toGraphqlError } from './errors.js'
import { EXAMPLE_OPERATIONS } from './examples.js'
import { createSchema } from './schema.js'

/** Texts larger than this go through `POST /documents`, which streams. */
export const MAX_REQUEST_BYTES = 16 * 1024 * 1024

/**
 * GraphiQL 5 opens its tabs with an animation that stops halfway: a tab jumps away under the pointer that presses it, and the
 * click is lost (seen in Chromium). Without the displacement every click counts.
 */
const TAB_STYLE = '<style>.graphiql-tab { transform: none !important }</style>'

export type GraphqlHandler = ReturnType<typeof createGraphqlHandler>

export function createGraphqlHandler(services: Services) {
  return createYoga({
    schema: createSchema(),
    graphqlEndpoint: '/graphql',
    context: ({ request }) => ({ services, requestId: requestIdOf(request) }),
    plugins: [oneErrorForm(services.log)],
    maskedErrors: false,
    logging: false,
    // No page of another site may read answers from a server on this machine, and no form may post to it.
    cors: false,
    multipart: false,
    batching: false,
    landingPage: false,
    maxRequestBodySize: MAX_REQUEST_BYTES,
    renderGraphiQL: (options) => renderGraphiQL(options).replace('</head>', `${TAB_STYLE}</head>`),
    graphiql: {
      title: 'Docent',
      subscriptionsProtocol: 'SSE',
      defaultTabs: EXAMPLE_OPERATIONS.map((query) => ({ query })),
    },
  })
}

/** The server gives every request an id in this header before GraphQL sees it. */
export function requestIdOf(request: Request): string {
  return request.headers.get('x-request-id') ?? 'local'
}

/** Every error leaves in the one form, whether a resolver, GraphQL itself or the HTTP layer raised it. */
function oneErrorForm(log: Logger): Plugin {
  return {
    onResultProcess({ request, result, setResult }) {
      const present = (one: object) => withPresentedErrors(one, requestIdOf(request), log)
      if (Symbol.asyncIterator in result) setResult(mapResults(result, present))
      else setResult(Array.isArray(result) ? result.map(present) : present(result))
    },
  }
}

interface Result {
  readonly data?: unknown
  readonly errors?: readonly GraphQLError[]
}

function withPresentedErrors(result: Result, requestId: string, log: Logger): object {
  if (!result.errors?.length) return result
  const place = { requestId, log, alone: result.data == null }
  return { ...result, errors: result.errors.map((error) => toGraphqlError(error, place)) }
}

async function* mapResults<T, U>(results: AsyncIterable<T>, map: (result: T) => U): AsyncGenerator<U, void> {
  for await (const result of results) yield map(result)
}
