/**
 * How a command reaches Docent: the running server of this data directory, or, when none runs, the same server opened by
 * this process on a free loopback port for as long as the command takes. Either way it speaks GraphQL over HTTP.
 */
import { App } from '../app.js'
import type { Config } from '../config.js'
import { asDocentError, DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import { HttpServer } from '../server/server.js'
import { findServer } from '../server/server-file.js'
import { Client } from './client.js'

export interface ConnectOptions {
  readonly config: Config
  readonly log: Logger
  /** Without a server: work on the queued jobs. Only for commands that wait for one. */
  readonly runJobs?: boolean
}

/** @throws SERVER_UNREACHABLE when a server holds the data and does not answer. */
export async function connect(options: ConnectOptions): Promise<Client> {
  const server = await findServer(options.config.dataDir)
  if (server && (await answers(server.url))) return new Client(server.url)
  try {
    return await openHere(options)
  } catch (thrown) {
    if (!server || asDocentError(thrown).code !== 'DATA_IN_USE') throw thrown
    throw new DocentError('SERVER_UNREACHABLE', `the server at ${server.url} (process ${server.pid}) does not answer`)
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) }).then(
    (response) => response.ok,
    () => false,
  )
}

async function openHere({ config, log, runJobs }: ConnectOptions): Promise<Client> {
  const app = await App.open(config, log)
  try {
    if (runJobs) await app.startJobs()
    const { services, metrics } = app
    const server = await HttpServer.listen({ services, metrics, host: '127.0.0.1', port: 0 })
    return new Client(server.url, async () => {
      await app.stopJobs()
      await server[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
    })
  } catch (error) {
    await app[Symbol.asyncDispose]()
    throw error
  }
}
