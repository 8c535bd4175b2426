/**
 * A multipart body, file after file, without ever holding one in memory. Fields count for the files **after** them:
 * `batch`, `collection`, `metadata` and `reparse` for all of those, `title` and `externalId` for the next one only.
 */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import busboy from 'busboy'
import { validate as isUuid, v7 as uuidv7 } from 'uuid'
import type { Job, JsonObject } from '../domain.js'
import { asDocentError, DocentError, type SerializedError } from '../errors.js'
import type { Upload } from '../ingest/documents.js'
import type { Logger } from '../log.js'

const MAX_FILES = 10_000
const MAX_FIELD_BYTES = 64 * 1024
const MAX_KEY_LENGTH = 200

export interface ReceiveOptions {
  /** What becomes of each file. */
  readonly accept: (upload: Upload) => Promise<Job>
  readonly maxFiles?: number
  readonly log: Logger
}

export interface UploadError extends SerializedError {
  readonly fileName: string
  readonly status: number
}

/** In the order of the files. */
export interface Uploads {
  /** What the jobs share: that of an earlier request with the same idempotency key, or a new one. */
  readonly batchId: string
  readonly jobs: readonly UploadJob[]
  readonly errors: readonly UploadError[]
}

type UploadJob = Job & { readonly fileName: string }

interface Fields {
  batch?: string
  collection?: string
  metadata?: JsonObject
  title?: string
  externalId?: string
  reparse?: boolean
}

/** @throws INVALID_INPUT when the body is no multipart form, breaks off, or has no file. */
export async function receiveUploads(request: IncomingMessage, options: ReceiveOptions): Promise<Uploads> {
  const { maxFiles = MAX_FILES } = options
  const parser = openParser(request, maxFiles)
  const fields: Fields = {}
  const pending: Promise<UploadJob | UploadError>[] = []
  const idempotencyKey = readKey(request)
  const newBatch = uuidv7()
  let rejected: DocentError | undefined

  parser.on('field', (name, value, { valueTruncated }) => {
    try {
      if (valueTruncated)
        throw new DocentError('INVALID_INPUT', `field ${name} is longer than ${MAX_FIELD_BYTES} bytes`)
      setField(fields, name, value)
    } catch (error) {
      rejected ??= asDocentError(error)
    }
  })
  parser.on('file', (_, content, { filename, mimeType }) => {
    const { batch = newBatch, ...chosen } = fields
    delete fields.title
    delete fields.externalId
    const fileName = filename || chosen.title || 'upload'
    if (rejected) return void content.resume()
    const batchOf = { id: batch, idempotencyKey }
    pending.push(receiveFile({ fileName, mediaType: mimeType, ...chosen, content, batch: batchOf }, options))
  })
  parser.on('filesLimit', () => {
    rejected ??= new DocentError(
      'INVALID_INPUT',
      `this request takes at most ${maxFiles} file${maxFiles === 1 ? '' : 's'}`,
    )
  })

  try {
    await pipeline(request, parser)
  } catch (error) {
    await Promise.all(pending)
    throw new DocentError('INVALID_INPUT', `the form cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const uploads = await Promise.all(pending)
  if (rejected) throw rejected
  if (uploads.length === 0) throw new DocentError('INVALID_INPUT', 'the form has no file')
  const jobs = uploads.filter((upload) => 'id' in upload)
  const errors = uploads.filter((upload) => 'code' in upload)
  return { batchId: jobs[0]?.batchId ?? newBatch, jobs, errors }
}

function openParser(request: IncomingMessage, maxFiles: number) {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      limits: { files: maxFiles, fieldSize: MAX_FIELD_BYTES },
    })
  } catch (error) {
    throw new DocentError('INVALID_INPUT', `a form is sent as multipart/form-data: ${(error as Error).message}`)
  }
}

async function receiveFile(
  upload: Upload & { readonly fileName: string; readonly content: Readable },
  { accept, log }: ReceiveOptions,
): Promise<UploadJob | UploadError> {
  const { fileName, content } = upload
  try {
    return { ...(await accept(upload)), fileName }
  } catch (thrown) {
    const error = asDocentError(thrown)
    if (error.code === 'INTERNAL') log.error({ err: thrown, fileName }, 'an upload failed unexpectedly')
    return { fileName, status: error.status, ...error.toJSON() }
  } finally {
    // Whatever was not read must still be taken, or the files after it never come.
    content.resume()
  }
}

function readKey({ headers }: IncomingMessage): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH) return key
  throw new DocentError('INVALID_INPUT', `Idempotency-Key takes 1 to ${MAX_KEY_LENGTH} characters`)
}

function setField(fields: Fields, name: string, value: string): void {
  if (name === 'batch' && !isUuid(value)) throw new DocentError('INVALID_INPUT', 'batch must be a UUID')
  if (name === 'batch' || name === 'collection' || name === 'title' || name === 'externalId') fields[name] = value
  else if (name === 'metadata') fields.metadata = parseMetadata(value)
  else if (name === 'reparse') fields.reparse = parseFlag(name, value)
  else throw new DocentError('INVALID_INPUT', `there is no field ${JSON.stringify(name)}`)
}

export function parseFlag(name: string, value: unknown): boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  throw new DocentError('INVALID_INPUT', `${name} must be true or false`)
}

function parseMetadata(value: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(value)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject
  } catch {
    // Said below, in the words of the field.
  }
  throw new DocentError('INVALID_INPUT', 'metadata must be a JSON object')
}
