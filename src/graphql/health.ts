/** Health: what runs, and how much it holds. */
import { builder } from './builder.js'

export interface EmbedderState {
  /** Whose vectors are searched; until the first text is embedded, the one that is wanted. */
  readonly embedderVersion: string
  readonly nextEmbedder: string | null
}

export interface SystemHealth extends EmbedderState {
  readonly ready: boolean
  readonly version: string
  readonly readerVersion: string | null
  readonly chunks: number
  readonly queuedJobs: number
  readonly runningJobs: number
  readonly uptimeSeconds: number
}

const HealthType = builder.objectRef<SystemHealth>('Health').implement({
  fields: (t) => ({
    ready: t.exposeBoolean('ready', { description: 'A reader is loaded and questions are answered.' }),
    version: t.exposeString('version', { description: 'Release of Docent.' }),
    modelVersion: t.id({ nullable: true, resolve: (health) => health.readerVersion }),
    embedderVersion: t.exposeID('embedderVersion'),
    nextEmbedder: t.exposeID('nextEmbedder', {
      nullable: true,
      description: 'The one that is wanted and does not serve yet: see the REEMBED job.',
    }),
    chunks: t.exposeInt('chunks', { description: 'Chunks that questions find.' }),
    queuedJobs: t.exposeInt('queuedJobs'),
    runningJobs: t.exposeInt('runningJobs'),
    uptimeSeconds: t.exposeFloat('uptimeSeconds'),
  }),
})

builder.queryFields((t) => ({
  health: t.field({ type: HealthType, resolve: (_, __, { services }) => services.health() }),
}))
