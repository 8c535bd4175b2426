/** Docent as a command sees it: GraphQL, its subscriptions and the upload route of one server. */
import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { DocentError, reviveError, type SerializedError } from '../errors.js'
import { sseEvents } from './sse.js'

export interface UploadFields {
  readonly batch?: string
  readonly title?: string
  readonly externalId?: string
  readonly collection?: string
  readonly reparse?: string
}

export interface UploadResult {
  readonly jobs: readonly { readonly id: string }[]
  readonly errors: readonly SerializedError[]
}

export class Client implements AsyncDisposable {
  readonly #url: string
  readonly #dispose: () => Promise<void>

  /** @param dispose ends the server too, where this process runs it. */
  constructor(url: string, dispose: () => Promise<void> = async () => {}) {
    this.#url = url
    this.#dispose = dispose
  }

  /** @throws the first error of the response, as the DocentError that it was on the other side. */
  async graphql<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const response = await this.#post(query, variables, 'application/json')
    return dataOf<T>(await response.json())
  }

  async *subscribe<T>(query: string, variables: Record<string, unknown>): AsyncGenerator<T, void> {
    const response = await this.#post(query, variables, 'text/event-stream')
    for await (const { event, data } of sseEvents(response)) {
      if (event === 'next') yield dataOf<T>(JSON.parse(data))
      if (event === 'complete') return
    }
    throw new DocentError('SERVER_UNREACHABLE', `${this.#url} went away`)
  }

  /** @throws the file's error when it was not accepted. */
  async upload(path: string, fields: UploadFields): Promise<UploadResult> {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.append(name, value)
    // The blob is backed by the file: it is read while it is sent.
    form.append('file', await openAsBlob(path), basename(path))
    const response = await this.#fetch('/documents', { method: 'POST', body: form })
    const body = (await response.json()) as UploadResult & { error?: SerializedError }
    if (body.error) throw reviveError(body.error)
    return body
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispose()
  }

  #post(query: string, variables: Record<string, unknown>, accept: string): Promise<Response> {
    return this.#fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query, variables }),
    })
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, init)
    } catch (error) {
      throw new DocentError('SERVER_UNREACHABLE', `${this.#url} does not answer`, { cause: error })
    }
  }
}

interface GraphqlBody {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: unknown } }[]
}

function dataOf<T>(body: unknown): T {
  const { data, errors } = body as GraphqlBody
  const [error] = errors ?? []
  if (error) throw reviveError({ code: String(error.extensions?.code), message: error.message })
  if (data == null) throw new DocentError('INTERNAL', 'the server answered without data')
  return data as T
}
