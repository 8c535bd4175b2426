import type { Command } from 'commander'
import { DocentError } from '../../errors.js'
import { CHUNK_SETTINGS } from '../../ingest/chunker.js'
import type { ModelVersion } from '../../registry/registry.js'
import { finish, type Session } from '../command.js'
import { moment, table } from '../text.js'
import { addExport } from './models-export.js'

interface ModelView {
  readonly id: string
  readonly current: boolean
  readonly parent: string | null
  readonly architecture: string
  readonly createdAt: string
}

const FIELDS = 'id current parent architecture datasetHash createdAt'

export function addModels(program: Command, environment: NodeJS.ProcessEnv): void {
  const models = program.command('models').description('Reader versions: which there are, and which one answers.')

  const list = models.command('list').description('Every version on disk, newest first; * is the current one.')
  finish(list, environment, ['docent models list'], async (session) => {
    await using client = await session.connect()
    const { modelVersions } = await client.graphql<{ modelVersions: ModelView[] }>(
      `{ modelVersions { ${FIELDS} manifest } }`,
    )
    session.print(modelVersions, () =>
      table(
        ['', 'id', 'created', 'parent'],
        modelVersions.map(({ id, current, createdAt, parent }) => [current ? '*' : '', id, moment(createdAt), parent]),
      ),
    )
  })

  const show = models
    .command('show')
    .argument('<id>')
    .description('One version: its manifest, the form in which it answers, and when it was current.')
  finish(show, environment, ['docent models show bundled-4'], async (session, _, [id]) => {
    await using client = await session.connect()
    const { modelVersion } = await client.graphql<{ modelVersion: ModelView & { manifest: unknown } }>(
      `query($id: ID!) { modelVersion(id: $id) { ${FIELDS} servedForm manifest promotions { kind reason createdAt } } }`,
      { id },
    )
    session.print(modelVersion, () => JSON.stringify(modelVersion, null, 2))
  })

  const promote = models
    .command('promote')
    .argument('<id>')
    .description('Verify it, make it current and swap it in; no question fails meanwhile.')
    .option('--reason <text>')
  finish<{ json?: boolean; reason?: string }>(
    promote,
    environment,
    ['docent models promote run-0192… --reason "better on contracts"'],
    async (session, { reason }, [id]) => {
      await using client = await session.connect()
      const { promoteModel } = await client.graphql<{ promoteModel: ModelView }>(
        `mutation($id: ID!, $reason: String) { promoteModel(id: $id, reason: $reason) { ${FIELDS} } }`,
        { id, reason },
      )
      session.print(promoteModel, () => `${promoteModel.id} answers now`)
    },
  )

  const rollback = models
    .command('rollback')
    .description('Back to the version that was current before.')
    .requiredOption('--reason <text>', 'why; it is kept with the change')
  finish<{ json?: boolean; reason: string }>(
    rollback,
    environment,
    ['docent models rollback --reason "worse on dates"'],
    async (session, { reason }) => {
      await using client = await session.connect()
      const { rollbackModel } = await client.graphql<{ rollbackModel: ModelView }>(
        `mutation($reason: String!) { rollbackModel(reason: $reason) { ${FIELDS} } }`,
        { reason },
      )
      session.print(rollbackModel, () => `${rollbackModel.id} answers now`)
    },
  )

  addExport(models, environment)

  const verify = models
    .command('verify')
    .argument('[id...]', 'all unless told')
    .description('Check the hash of every file.')
  finish(verify, environment, ['docent models verify'], async (session, _, given) => {
    await using client = await session.connect()
    const ids =
      given.length > 0
        ? given
        : (await client.graphql<{ modelVersions: ModelView[] }>('{ modelVersions { id } }')).modelVersions.map(
            (m) => m.id,
          )
    for (const id of ids) await client.graphql('mutation($id: ID!) { verifyModel(id: $id) { id } }', { id })
    session.print({ verified: ids }, () => ids.map((id) => `${id}: every file is as it was written`).join('\n'))
  })

  addImport(models, environment)
}

interface ImportFlags {
  readonly json?: boolean
  readonly id?: string
  readonly revision?: string
  readonly embedder?: boolean
}

/** Works in this process, beside a server or without one: it writes into the models folder and nowhere else. */
function addImport(models: Command, environment: NodeJS.ProcessEnv): void {
  const command = models
    .command('import')
    .argument('<source>', 'a Hugging Face folder, or the id of a model on the hub')
    .description(
      'Make a version of a BERT, DistilBERT, RoBERTa or ELECTRA model: checked, exported, compared, calibrated, measured. ' +
        'It is not promoted. With --embedder: an encoder of sentence-transformers becomes an embedder, which serves once ' +
        'DOCENT_EMBEDDER names it.',
    )
    .option('--embedder', 'what finds passages, not what reads them')
    .option('--id <id>', "name of the version; the source's own name unless told")
    .option('--revision <name>', 'branch, tag or commit on the hub')
  const examples = [
    'docent models import ./my-roberta-squad2 --id contracts-1',
    'docent models import deepset/tinyroberta-squad2',
    'HF_ENDPOINT=http://mirror.local docent models import distilbert-base-uncased',
    'docent models import ./all-MiniLM-L12-v2 --embedder',
  ]
  finish<ImportFlags>(command, environment, examples, async (session, { id, revision, embedder }, [source]) => {
    if (embedder) return importEmbedderHere(session, source as string, id, revision)
    const version = await importHere(session, source as string, id, revision)
    const { architecture, forms, licence, untrainedHead } = version.manifest
    const general = Object.values(forms)[0]?.metrics.general
    session.print(version.manifest, () =>
      [
        `${version.id}: ${architecture}, licence ${licence}`,
        general
          ? `  exact match ${general.exactMatch.toFixed(1)}, F1 ${general.f1.toFixed(1)} on ${general.n} general questions`
          : '  without a question-answering head: one was drawn by chance, to be trained',
        untrainedHead ? `  next: docent train --from ${version.id}` : `  next: docent models promote ${version.id}`,
      ].join('\n'),
    )
  })
}

async function importHere(
  session: Session,
  source: string,
  id: string | undefined,
  revision: string | undefined,
): Promise<ModelVersion> {
  // Loaded only now: the other commands need none of it.
  const [{ importModel }, { Registry }] = await Promise.all([
    import('../../jobs/import/import-model.js'),
    import('../../registry/registry.js'),
  ])
  const { config, log } = session
  const registry = new Registry({ modelsDir: config.modelsDir, log })
  await registry.removeLeftovers()
  return importModel({
    ...{ source, id, registry },
    ...howToImport(session, source, revision),
    threads: config.trainThreads,
    preference: config.readerForm,
  })
}

async function importEmbedderHere(
  session: Session,
  source: string,
  id: string | undefined,
  revision: string | undefined,
): Promise<void> {
  const [{ importEmbedder }, { Embedders }] = await Promise.all([
    import('../../jobs/import/import-embedder.js'),
    import('../../registry/embedders.js'),
  ])
  const embedders = new Embedders({ modelsDir: session.config.modelsDir })
  await embedders.removeLeftovers()
  const made = await importEmbedder({ source, id, embedders, ...howToImport(session, source, revision) })
  const { name, dimensions, maxTokens, pooling, licence, minCosine } = made
  const cut = maxTokens < CHUNK_SETTINGS.maxTokens ? ', and the end of a longer chunk is found by its words alone' : ''
  session.print({ name, dimensions, maxTokens, pooling, licence, minCosine }, () =>
    [
      `${name}: ${dimensions} numbers a vector, ${pooling} pooling, licence ${licence}`,
      `  it reads ${maxTokens} tokens of a text${cut}`,
      `  int8 against fp32: lowest cosine ${minCosine.toFixed(4)}`,
      `  next: start the server with DOCENT_EMBEDDER=${name}`,
    ].join('\n'),
  )
}

function howToImport(session: Session, source: string, revision: string | undefined) {
  const { config, log } = session
  const cancelling = new AbortController()
  const cancel = () => cancelling.abort(new DocentError('CANCELLED', `the import of ${source} was cancelled`))
  process.once('SIGINT', cancel).once('SIGTERM', cancel)
  return {
    hub: { endpoint: config.hubEndpoint, token: config.hubToken, revision },
    context: { signal: cancelling.signal, progress: progressNotes(session), log },
  }
}

/** A line for each stage, and one for each further tenth of a long one. */
function progressNotes(session: Session): (done: number, total: number, stage: string) => Promise<void> {
  let last = ''
  return async (done, total, stage) => {
    const tenth = Math.floor((10 * done) / total)
    const line = total > 1 ? `import: ${stage} ${10 * tenth} %` : `import: ${stage}`
    if (line !== last) session.note(line)
    last = line
  }
}
