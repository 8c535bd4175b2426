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
import { Feedback } from './feedback/feedback.js'
import type { Services } from './graphql/context.js'
import type { EmbedderState, SystemHealth } from './graphql/health.js'
import { NearDocuments } from './index/near-documents/near-documents.js'
import { Documents } from './ingest/documents.js'
import { Originals } from './ingest/originals.js'
import { Preparer } from './ingest/preparer.js'
import { CalibrateJobs } from './jobs/calibrate.js'
import { IngestJobs } from './jobs/ingest.js'
import { JobQueue } from './jobs/queue.js'
import { RebuildIndexJobs } from './jobs/rebuild-index.js'
import { ReembedJobs } from './jobs/reembed.js'
import { retrieveGeneralSet } from './jobs/retrieve-set.js'
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
import { Embedders } from './registry/embedders.js'
import { Models } from './registry/models.js'
import { type ModelVersion, Registry } from './registry/registry.js'
import { CrossEncoder } from './retrieve/cross-encoder.js'
import {
  BULK_EMBEDDING,
  currentEmbedder,
  openEmbedder,
  openIndex,
  removeOtherIndexes,
  startEmbedder,
} from './retrieve/open-embedder.js'
import { ServingEmbedder } from './retrieve/serving-embedder.js'
import { Metrics } from './server/metrics.js'
import { lockFolder } from './store/folder-lock.js'
import { SqliteStore } from './store/sqlite/sqlite-store.js'
import type { Store } from './store/store.js'

export class App implements AsyncDisposable {
  readonly services: Services
  readonly metrics: Metrics
  readonly #config: Config
  readonly #servingReader: ServingReader
  readonly #servingEmbedder: ServingEmbedder
  readonly #reembedding: ReembedJobs
  readonly #disposal: DisposalStack

  private constructor(parts: {
    services: Services
    metrics: Metrics
    config: Config
    servingReader: ServingReader
    servingEmbedder: ServingEmbedder
    reembedding: ReembedJobs
    disposal: DisposalStack
  }) {
    this.services = parts.services
    this.metrics = parts.metrics
    this.#config = parts.config
    this.#servingReader = parts.servingReader
    this.#servingEmbedder = parts.servingEmbedder
    this.#reembedding = parts.reembedding
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
    const metrics = new Metrics()
    const registry = new Registry({ modelsDir: config.modelsDir, log })
    const models = new Models({ registry, store, log })
    const embedders = new Embedders({ modelsDir: config.modelsDir })
    const originals = new Originals(join(config.dataDir, 'originals'))
    await registry.removeLeftovers()
    await embedders.removeLeftovers()
    await originals.removeLeftovers()
    const unusedOriginals = (hashes: readonly string[]) => store.reader.documents.unusedOriginals(hashes)
    await originals.removeUnused(unusedOriginals)

    const parts = { store, embedders, indexDir: config.indexDir, log }
    const servingEmbedder = disposal.use(
      new ServingEmbedder({
        current: () => currentEmbedder(parts, config.embedder),
        open: (record) => openEmbedder(record, parts),
        collectionIds: async () => (await store.reader.collections.all()).map(({ id }) => id),
        log,
      }),
    )
    const { index } = servingEmbedder
    const tokenizerFolder = async () => embedders.folder((await servingEmbedder.get()).record.name)
    const preparer = disposal.use(new Lazy(() => Preparer.start({ modelFolder: tokenizerFolder, processes: 2 })))
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

    const { rerankerDir: folder, readerProcesses: processes } = config
    const crossEncoder = folder ? disposal.use(new Lazy(() => CrossEncoder.open({ folder, processes }))) : undefined
    const calibrations = new AnswerCalibrations({ modelsDir: config.modelsDir })
    const answering = new Answering({
      store,
      retriever: servingEmbedder,
      servingReader,
      calibrations,
      crossEncoder: crossEncoder && {
        score: async (question, passages) => (await crossEncoder.get()).score(question, passages),
      },
      onAsked: (interaction) => metrics.asked(interaction),
    })
    /** Of a container whose documents are accepted. What is left by an error, the next start removes. */
    const removeOriginal = ({ payload }: Job) =>
      originals
        .remove([String(payload.originalHash)], unusedOriginals)
        .catch((error: unknown) => log.warn({ err: error }, 'the original of an archive could not be removed'))
    const notify = () => jobs.notify()
    const indexRebuilds = new RebuildIndexJobs({ store, index, onQueued: notify })
    const embedderVersion = async () => (await store.reader.embedders.current())?.name ?? config.embedder
    const calibrating = new CalibrateJobs({
      ...{ store, registry, calibrations, embedderVersion },
      readerForm: config.readerForm,
      retrieve: (embedder, context) => retrieveGeneralSet(embedder, parts, context),
      onQueued: notify,
    })
    // It serves, calibrated or not: that the job could not be queued is no reason to take it back.
    const requestCalibration = (version: ModelVersion) =>
      calibrating.request(version).then(
        () => {},
        (error: unknown) => log.error({ err: error, modelVersion: version.id }, 'calibration could not be queued'),
      )
    models.onPromoted(requestCalibration)
    const reembedding = new ReembedJobs({
      ...{ store, embedders, wanted: config.embedder },
      serving: servingEmbedder,
      startEmbedder: (record) => startEmbedder(record, parts, BULK_EMBEDDING),
      openIndex: (record) => openIndex(record, parts),
      removeOtherIndexes: (record) => removeOtherIndexes(record, parts),
      onServing: () => models.current().then(requestCalibration),
      onQueued: notify,
    })
    const jobs: JobQueue = new JobQueue({
      store,
      kinds: [
        new IngestJobs({
          ...{ store, originals, embedder: servingEmbedder },
          preparer: () => preparer.get(),
          partsDir: join(config.indexDir, 'embedding'),
        }),
        new UnpackJobs({
          ...{ store, originals, documents: () => documents },
          preparer: () => preparer.get(),
          folder: join(config.dataDir, 'unpacking'),
        }),
        indexRebuilds,
        calibrating,
        reembedding,
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
      onRemoved: (collectionId, removed) => servingEmbedder.remove(collectionId, removed),
    })
    const embedderState = async () => ({
      embedderVersion: await embedderVersion(),
      nextEmbedder: await reembedding.next(),
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
      embedderState,
      health: async () => ({ ...(await healthOf(store, servingReader, startedAt)), ...(await embedderState()) }),
    }
    return new App({ services, metrics, config, servingReader, servingEmbedder, reembedding, disposal })
  }

  /** Opens the sessions, so that the first question waits for nothing. */
  async warmUp(): Promise<void> {
    await Promise.all([this.#servingReader.warmUp(), this.#warmUpEmbedder()])
    const { version, form } = this.#servingReader
    this.services.log.info({ modelVersion: version?.id, form }, 'the reader and the embedder are open')
  }

  /** Goes on with what an earlier process left, and works from now on. */
  async startJobs(): Promise<void> {
    await this.services.jobs.start()
    await this.#reembedding.request()
  }

  /** What cannot be opened is no reason to end where another embedder is on its way to take its place. */
  async #warmUpEmbedder(): Promise<void> {
    try {
      await this.#servingEmbedder.warmUp()
    } catch (error) {
      const next = await this.#reembedding.next()
      if (next === null) throw error
      this.services.log.error(
        { err: error, next },
        'the embedder cannot be opened: no question is answered until the next one serves',
      )
    }
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

async function healthOf(
  { reader }: Store,
  servingReader: ServingReader,
  startedAt: number,
): Promise<Omit<SystemHealth, keyof EmbedderState>> {
  const [chunks, queuedJobs, runningJobs] = await Promise.all([
    reader.chunks.count(),
    reader.jobs.count('QUEUED'),
    reader.jobs.count('RUNNING'),
  ])
  return {
    ready: servingReader.version !== undefined,
    version: packageVersion,
    readerVersion: servingReader.version?.id ?? null,
    chunks,
    queuedJobs,
    runningJobs,
    uptimeSeconds: (Date.now() - startedAt) / 1000,
  }
}
