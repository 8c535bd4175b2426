/** Health: what runs, and how much it holds. */
import { builder } from './builder.js'

export interface SystemHealth {
  readonly ready: boolean
  readonly version: string
  readonly readerVersion: string | null
  readonly embedderVersion: string
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
    chunks: t.exposeInt('chunks', { description: 'Chunks that questions find.' }),
    queuedJobs: t.exposeInt('queuedJobs'),
    runningJobs: t.exposeInt('runningJobs'),
    uptimeSeconds: t.exposeFloat('uptimeSeconds'),
  }),
})

builder.queryFields((t) => ({
  health: t.field({ type: HealthType, resolve: (_, __, { services }) => services.health() }),
}))
