import type { Command } from 'commander'
import { finish, type Session } from '../command.js'

export function addServe(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command('serve')
    .description('Answer over HTTP until SIGINT or SIGTERM. Settings come from the environment, see .env.example.')
  finish(command, environment, ['docent serve', 'DOCENT_PORT=8080 docent serve'], serve, { quiet: false })
}

async function serve(session: Session): Promise<void> {
  const [{ App }, { HttpServer }, { publishServer }] = await Promise.all([
    import('../../app.js'),
    import('../../server/server.js'),
    import('../../server/server-file.js'),
  ])
  const { config, log } = session
  const stop = new AbortController()
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'stopping')
      stop.abort()
    })
  }
  await using app = await App.open(config, log)
  const { services, metrics } = app
  await using server = await HttpServer.listen({ services, metrics, host: config.host, port: config.port })
  await using _published = await publishServer(config.dataDir, server.url)
  await app.warmUp()
  session.print({ url: server.url, pid: process.pid }, () => `Docent answers on ${server.url}`)
  await app.startJobs()
  if (!stop.signal.aborted) await app.queueSamples()
  await stopped
  // Watches end when the jobs have stopped; then the server has no endless request left.
  await app.stopJobs()
}
