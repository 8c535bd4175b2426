/**
 * server/: enters HTTP, leaves HTTP. GraphQL on /graphql; beside it what files, webhooks and machines want: uploads,
 * feedback, texts, health and metrics. Knows the services and nothing of how they are made. Called by app.ts's callers.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { DocentError } from '../errors.js'
import type { Services } from '../graphql/context.js'
import { createGraphqlHandler } from '../graphql/handler.js'
import { documentRoutes } from './document-routes.js'
import { errorHandler, notFound } from './errors.js'
import { feedbackRoutes } from './feedback-routes.js'
import { guardGraphql, guardOrigin } from './guards.js'
import { healthRoutes } from './health-routes.js'
import type { Metrics } from './metrics.js'
import { requestIds } from './request-id.js'

/** Requests that have not ended by then are cut when the server closes. */
const CLOSE_GRACE_MS = 10_000

export interface ServerOptions {
  readonly services: Services
  readonly metrics: Metrics
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

function createExpress({ services, metrics }: ServerOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(requestIds, metrics.observeRequests, guardOrigin)
  app.use(healthRoutes(services, metrics))
  // `ask` stores an interaction although it is a query: no cache may answer it.
  app.use('/graphql', guardGraphql, createGraphqlHandler(services) as unknown as express.RequestHandler)
  app.use(documentRoutes(services))
  app.use(feedbackRoutes(services))
  app.get('/', (_, response) => response.redirect('/graphql'))
  app.use(notFound, errorHandler(services.log))
  return app
}

export class HttpServer implements AsyncDisposable {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server, host: string) {
    this.#server = server
    const name = host.includes(':') ? `[${host}]` : host
    this.url = `http://${name}:${(server.address() as AddressInfo).port}`
  }

  /** @throws PORT_IN_USE, CONFIG_INVALID when the host cannot be listened on. */
  static async listen(options: ServerOptions): Promise<HttpServer> {
    const { host, port } = options
    const server = createServer(createExpress(options))
    server.listen(port, host)
    try {
      await once(server, 'listening')
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code
      if (code === 'EADDRINUSE') throw new DocentError('PORT_IN_USE', `port ${port} on ${host} is taken`)
      throw new DocentError('CONFIG_INVALID', `DOCENT_HOST=${host}, DOCENT_PORT=${port}: ${code}`, { cause: thrown })
    }
    return new HttpServer(server, host)
  }

  /** Takes no new connection, lets running requests finish, then cuts those that do not. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const cut = setTimeout(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS)
    await closed
    clearTimeout(cut)
  }
}
