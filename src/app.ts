/**
 * The composition root: configuration in, disposable App out. Every service is built here, by hand, and disposed in
 * reverse order. The parts that cost memory (sessions, parsers) start when they are first needed, so that a command that
 * asks nothing starts nothing, and a damaged model can still be rolled back.
 */
import { join } from 'node:path'
import { Answering } from './answer/answering.js'
import type { Config } from './config.js'
import { DisposalStack } from './disposal.js'
import type { Job } from './domain.js'
import { EMBEDDING_DIMENSIONS, Embedder } from './embed/embedder.js'
import { Feedback } from './feedback/feedback.js'
import type { Services } from './graphql/context.js'
import type { SystemHealth } from './graphql/health.js'
import { HnswIndex } from './index/hnsw/hnsw-index.js'
import { NearDocuments } from './index/near-documents/near-documents.js'
import { Documents } from './ingest/documents.js'
import { Originals } from './ingest/originals.js'
import { Preparer } from './ingest/preparer.js'
import { CalibrateJobs } from './jobs/calibrate.js'
import { IngestJobs } from './jobs/ingest.js'
import { JobQueue } from './jobs/queue.js'
import { RebuildIndexJobs } from './jobs/rebuild-index.js'
import { queueSamples } from './jobs/samples.js'
import { TrainJobs } from './jobs/train.js'
import { Training } from './jobs/training.js'
import { UnpackJobs } from './jobs/unpack.js'
import { Lazy } from './lazy.js'
import type { Logger } from './log.js'
import { packageVersion } from './package-version.js'
import { openReader } from './read/open-reader.js'
import { ServingReader } from './read/serving-reader.js'
import { AnswerCalibrations } from './registry/answer-calibrations.js'
import { verifyEmbedder } from './registry/embedder-manifest.js'
import { Models } from './registry/models.js'
import { Registry } from './registry/registry.js'
import { Retriever } from './retrieve/retriever.js'
import { Metrics } from './server/metrics.js'
import { lockFolder } from './store/folder-lock.js'
import { SqliteStore } from './store/sqlite/sqlite-store.js'
import type { Store } from './store/store.js'

const EMBEDDER = 'all-MiniLM-L6-v2'

export class App implements AsyncDisposable {
  readonly services: Services
  readonly metrics: Metrics
  readonly #config: Config
  readonly #servingReader: ServingReader
  readonly #embedder: Lazy<Embedder>
  readonly #disposal: DisposalStack

  private constructor(parts: {
    services: Services
    metrics: Metrics
    config: Config
    servingReader: ServingReader
    embedder: Lazy<Embedder>
    disposal: DisposalStack
  }) {
    this.services = parts.services
    this.metrics = parts.metrics
    this.#config = parts.config
    this.#servingReader = parts.servingReader
    this.#embedder = parts.embedder
    this.#disposal = parts.disposal
  }

  /** @throws DATA_IN_USE, STORE_INCOMPATIBLE; nothing stays open then. */
  static async open(config: Config, log: Logger): Promise<App> {
    const disposal = new DisposalStack()
    try {
      disposal.use(await lockFolder(config.dataDir))
      const store = disposal.use(await SqliteStore.open({ path: join(config.dataDir, 'docent.sqlite'), log }))
      return await App.#build(config, log, store, disposal)
    } catch (error) {
      await disposal[Symbol.asyncDispose]()
      throw error
    }
  }

  static async #build(config: Config, log: Logger, store: Store, disposal: DisposalStack): Promise<App> {
    const embedderFolder = join(config.modelsDir, 'embedder', EMBEDDER)
    const metrics = new Metrics()
    const registry = new Registry({ modelsDir: config.modelsDir, log })
    const models = new Models({ registry, store, log })
    const originals = new Originals(join(config.dataDir, 'originals'))
    await registry.removeLeftovers()
    await originals.removeLeftovers()
    const unusedOriginals = (hashes: readonly string[]) => store.reader.documents.unusedOriginals(hashes)
    await originals.removeUnused(unusedOriginals)

    const lazyEmbedder = disposal.use(new Lazy(() => openEmbedder(embedderFolder)))
    const embedder: Pick<Embedder, 'embed'> = {
      embed: async (texts, options) => (await lazyEmbedder.get()).embed(texts, options),
    }
    const preparer = disposal.use(new Lazy(() => Preparer.start({ modelFolder: embedderFolder, processes: 2 })))
    const index = disposal.use(
      new HnswIndex({ store, indexDir: config.indexDir, dimensions: EMBEDDING_DIMENSIONS, log }),
    )
    const nearDocuments = disposal.use(new NearDocuments({ reader: store.reader, log }))
    const servingReader = disposal.use(
      new ServingReader({
        current: () => models.current(),
        open: (version) =>
          openReader(version, { processes: config.readerProcesses, preference: config.readerForm, log }),
        log,
      }),
    )
    models.onPromoted((version) => servingReader.swap(version))

    const calibrations = new AnswerCalibrations({ modelsDir: config.modelsDir })
    const retriever = new Retriever({ reader: store.reader, index, embedder })
    const answering = new Answering({
      store,
      retriever,
      servingReader,
      calibrations,
      embedderVersion: EMBEDDER,
      onAsked: (interaction) => metrics.asked(interaction),
    })
    /** Of a container whose documents are accepted. What is left by an error, the next start removes. */
    const removeOriginal = ({ payload }: Job) =>
      originals
        .remove([String(payload.originalHash)], unusedOriginals)
        .catch((error: unknown) => log.warn({ err: error }, 'the original of an archive could not be removed'))
    const notify = () => jobs.notify()
    const indexRebuilds = new RebuildIndexJobs({ store, index, onQueued: notify })
    const calibrating = new CalibrateJobs({
      ...{ store, registry, calibrations },
      embedderVersion: EMBEDDER,
      readerForm: config.readerForm,
      onQueued: notify,
    })
    // It serves, calibrated or not: that the job could not be queued is no reason to take it back.
    models.onPromoted((version) =>
      calibrating.request(version).then(
        () => {},
        (error: unknown) => log.error({ err: error, modelVersion: version.id }, 'calibration could not be queued'),
      ),
    )
    const jobs: JobQueue = new JobQueue({
      store,
      kinds: [
        new IngestJobs({
          ...{ store, originals, embedder, index },
          preparer: () => preparer.get(),
          embedderVersion: EMBEDDER,
          partsDir: join(config.indexDir, 'embedding'),
        }),
        new UnpackJobs({
          ...{ store, originals, documents: () => documents },
          preparer: () => preparer.get(),
          folder: join(config.dataDir, 'unpacking'),
        }),
        indexRebuilds,
        calibrating,
        new TrainJobs({
          ...{ store, registry, models, dataDir: config.dataDir },
          threads: config.trainThreads,
          readerForm: config.readerForm,
        }),
      ],
      onEnded: (job) => {
        metrics.jobEnded(job)
        if (job.kind === 'unpack') void removeOriginal(job)
      },
      log,
    })
    disposal.use(jobs)
    const documents = new Documents({
      store,
      originals,
      maxUploadBytes: config.maxUploadBytes,
      onQueued: notify,
      onRemoved: (collectionId, removed) => index.apply(collectionId, { added: [], removed: [...removed] }),
    })
    const startedAt = Date.now()
    const services: Services = {
      store,
      documents,
      answering,
      feedback: new Feedback({ store }),
      training: new Training({ store, models, jobs, dataDir: config.dataDir }),
      jobs,
      models,
      registry,
      index,
      indexRebuilds,
      nearDocuments,
      log,
      servedForm: (id) => (servingReader.version?.id === id ? servingReader.form : undefined),
      health: () => healthOf(store, servingReader, EMBEDDER, startedAt),
    }
    return new App({ services, metrics, config, servingReader, embedder: lazyEmbedder, disposal })
  }

  /** Opens the sessions, so that the first question waits for nothing. */
  async warmUp(): Promise<void> {
    await Promise.all([this.#servingReader.warmUp(), this.#embedder.get()])
    const { version, form } = this.#servingReader
    this.services.log.info({ modelVersion: version?.id, form }, 'the reader and the embedder are open')
  }

  /** Goes on with what an earlier process left, and works from now on. */
  async startJobs(): Promise<void> {
    await this.services.jobs.start()
  }

  /** Interrupts running jobs and queues them again. Their watchers see the end of the watch. */
  async stopJobs(): Promise<void> {
    await this.services.jobs[Symbol.asyncDispose]()
  }

  /** At the very first start: something to ask. */
  async queueSamples(): Promise<void> {
    const { samplesDir, dataDir } = this.#config
    if (samplesDir === null) return
    const { store, documents, log } = this.services
    const count = await queueSamples({ store, documents, samplesDir, dataDir })
    if (count > 0) log.info({ count, samplesDir }, 'sample documents are being ingested')
  }

  /** May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposal[Symbol.asyncDispose]()
  }
}

/** @throws MODEL_CORRUPT when its files are not those that set-up laid. */
async function openEmbedder(modelFolder: string): Promise<Embedder> {
  await verifyEmbedder(modelFolder, 'served')
  return Embedder.start({ modelFolder })
}

/** Enough to say "many": nobody needs the exact number of a long queue. */
const COUNTED_JOBS = 1000

async function healthOf(
  { reader }: Store,
  servingReader: ServingReader,
  embedderVersion: string,
  startedAt: number,
): Promise<SystemHealth> {
  const countJobs = async (status: 'QUEUED' | 'RUNNING') =>
    (await reader.jobs.page({ first: COUNTED_JOBS, status })).items.length
  const [chunks, queuedJobs, runningJobs] = await Promise.all([
    reader.chunks.count(),
    countJobs('QUEUED'),
    countJobs('RUNNING'),
  ])
  return {
    ready: servingReader.version !== undefined,
    version: packageVersion,
    readerVersion: servingReader.version?.id ?? null,
    embedderVersion,
    chunks,
    queuedJobs,
    runningJobs,
    uptimeSeconds: (Date.now() - startedAt) / 1000,
  }
}
