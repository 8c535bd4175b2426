import { access, constants, mkdir } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Config } from '../../config.js'
import { asDocentError, type SerializedError } from '../../errors.js'
import type { SystemHealth } from '../../graphql/health.js'
import type { Logger } from '../../log.js'
import { SessionHost } from '../../onnx/session-host.js'
import { chooseServedForm } from '../../read/form.js'
import { Embedders } from '../../registry/embedders.js'
import { Registry } from '../../registry/registry.js'
import { findServer } from '../../server/server-file.js'
import { checkTraining } from '../../train/trainer.js'
import { EXIT_FAILURE, finish } from '../command.js'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly error: SerializedError | null
}

/** Looks without opening the store, so that it works beside a running server and when nothing else does. */
export function addDoctor(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command('doctor')
    .description(
      'Check what Docent needs: native parts, training, folders, every model file, and the form in which readers serve here. Exit status 1 when one fails.',
    )
  finish(command, environment, ['docent doctor'], async (session) => {
    const checks: Check[] = []
    for (const [name, look] of looks(session.config, session.log)) checks.push(await check(name, look))
    session.print({ ok: checks.every(({ ok }) => ok), checks }, () => checks.map(line).join('\n'))
    if (checks.some(({ ok }) => !ok)) process.exitCode = EXIT_FAILURE
  })
}

function looks(config: Config, log: Logger): [string, () => Promise<string>][] {
  const native = ['better-sqlite3', 'hnswlib-node', 'onnxruntime-node', '@anush008/tokenizers']
  return [
    ['Node', async () => process.version],
    ...native.map((name): [string, () => Promise<string>] => [name, () => import(name).then(() => 'loads')]),
    ['training', () => checkTraining().then(() => 'tfjs-node loads and computes')],
    ['data', () => writable(config.dataDir)],
    ['indexes', () => writable(config.indexDir)],
    ['embedder', () => verifyEmbedders(config)],
    ['models', () => verifyModels(config)],
    ['reader forms', () => chooseForms(config, log)],
    ['server', () => askServer(config)],
  ]
}

async function writable(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK)
  return `${folder} can be written`
}

async function verifyEmbedders({ modelsDir, embedder }: Config): Promise<string> {
  const embedders = new Embedders({ modelsDir })
  const { dimensions } = await embedders.get(embedder)
  const names = await embedders.names()
  for (const name of names) await embedders.verify(name, 'whole')
  return `${names.join(', ')}: every file is as written; wanted is ${embedder}, ${dimensions} numbers a vector`
}

async function askServer({ dataDir }: Config): Promise<string> {
  const server = await findServer(dataDir)
  if (!server) return 'none runs on this data'
  const response = await fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  if (!response) return `${server.url} does not answer`
  const { embedderVersion, nextEmbedder } = (await response.json()) as SystemHealth
  const next =
    nextEmbedder === null ? '' : `, and ${nextEmbedder} is to serve next (\`docent jobs list --kind REEMBED\`)`
  return `${server.url} finds passages with ${embedderVersion}${next}`
}

async function verifyModels({ modelsDir }: Config): Promise<string> {
  const registry = new Registry({ modelsDir })
  const ids = await registry.ids()
  for (const id of ids) await registry.verify(id)
  return ids.length === 0 ? `${modelsDir} has no reader version yet` : `${ids.join(', ')}: every file is as written`
}

/** Opens every version, as a server would: which one is current stands in the store. */
async function chooseForms({ modelsDir, readerForm }: Config, log: Logger): Promise<string> {
  const chosen: string[] = []
  for (const version of await new Registry({ modelsDir }).list()) {
    const start = (modelPath: string) => SessionHost.start({ modelPath })
    chosen.push(`${version.id} serves in ${await chooseServedForm(version, { preference: readerForm, start, log })}`)
  }
  return chosen.length === 0 ? 'no version to choose one for' : chosen.join(', ')
}

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await look(), error: null }
  } catch (thrown) {
    const error = asDocentError(thrown)
    return { name, ok: false, detail: error.message, error: error.toJSON() }
  }
}

function line({ name, ok, detail, error }: Check): string {
  const hint = error && error.code !== 'INTERNAL' ? `\n     ${error.hint}` : ok ? '' : '\n     Run `npm run setup`.'
  return `${ok ? 'ok  ' : 'FAIL'} ${name}: ${detail}${hint}`
}
