/** What Prometheus reads from GET /metrics. Fed by the server itself and by app.ts, which joins it to the rooms above. */
import type { RequestHandler } from 'express'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Interaction, Job } from '../domain.js'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Histogram({
    name: 'docent_http_request_seconds',
    help: 'Time from a request to the end of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #asks = new Counter({
    name: 'docent_asks_total',
    help: 'Questions asked.',
    labelNames: ['abstained'],
    registers: [this.#registry],
  })
  readonly #askSteps = new Histogram({
    name: 'docent_ask_step_seconds',
    help: 'Time of each step of an answer; read is the reader alone.',
    labelNames: ['step'],
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #jobs = new Counter({
    name: 'docent_jobs_total',
    help: 'Jobs that ended.',
    labelNames: ['kind', 'status'],
    registers: [this.#registry],
  })
  readonly #jobsRunning = new Gauge({
    name: 'docent_jobs_running',
    help: 'Jobs running now.',
    registers: [this.#registry],
  })

  readonly #embedder = new Gauge({
    name: 'docent_embedder',
    help: '1 for the embedder that serves, and for the one that is to serve next.',
    labelNames: ['embedder', 'role'],
    registers: [this.#registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The text that Prometheus scrapes. */
  print(): Promise<string> {
    return this.#registry.metrics()
  }

  asked({ abstained, timings }: Interaction): void {
    this.#asks.inc({ abstained: String(abstained) })
    this.#askSteps.observe({ step: 'embed' }, timings.embedMs / 1000)
    this.#askSteps.observe({ step: 'retrieve' }, timings.retrieveMs / 1000)
    this.#askSteps.observe({ step: 'read' }, timings.readMs / 1000)
    this.#askSteps.observe({ step: 'total' }, timings.totalMs / 1000)
  }

  jobEnded({ kind, status }: Job): void {
    this.#jobs.inc({ kind, status })
  }

  jobsRunning(count: number): void {
    this.#jobsRunning.set(count)
  }

  embedders(serving: string, next: string | null): void {
    this.#embedder.reset()
    this.#embedder.set({ embedder: serving, role: 'serving' }, 1)
    if (next !== null) this.#embedder.set({ embedder: next, role: 'next' }, 1)
  }

  readonly observeRequests: RequestHandler = (request, response, next) => {
    const end = this.#requests.startTimer({ method: request.method })
    response.once('close', () => end({ route: routeOf(request.originalUrl), status: String(response.statusCode) }))
    next()
  }
}

/** Few values whatever is asked for, as a label must have: ids and unknown paths are folded. */
function routeOf(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  if (/^\/documents\/[^/]+\/text$/.test(path)) return '/documents/:id/text'
  const known = ['/', '/graphql', '/documents', '/feedback', '/healthz', '/readyz', '/metrics']
  return known.includes(path) ? path : 'other'
}
