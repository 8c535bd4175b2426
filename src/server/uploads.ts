/**
 * A multipart body, file after file, without ever holding one in memory. Fields count for the files **after** them:
 * `batch`, `collection` and `metadata` for all of those, `title` and `externalId` for the next one only.
 */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import busboy from 'busboy'
import { validate as isUuid, v7 as uuidv7 } from 'uuid'
import type { Job, JsonObject } from '../domain.js'
import { asDocentError, DocentError, type SerializedError } from '../errors.js'
import type { Documents, UploadBatch } from '../ingest/documents.js'
import type { Logger } from '../log.js'

const MAX_FILES = 10_000
const MAX_FIELD_BYTES = 64 * 1024
const MAX_KEY_LENGTH = 200

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
}

/** @throws INVALID_INPUT when the body is no multipart form, breaks off, or has no file. */
export async function receiveUploads(request: IncomingMessage, documents: Documents, log: Logger): Promise<Uploads> {
  const parser = openParser(request)
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
    const file = { fileName, mediaType: mimeType, ...chosen, batch: { id: batch, idempotencyKey } }
    pending.push(receiveFile(documents, content, file, log))
  })
  parser.on('filesLimit', () => {
    rejected ??= new DocentError('INVALID_INPUT', `one request takes at most ${MAX_FILES} files`)
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

function openParser(request: IncomingMessage) {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      limits: { files: MAX_FILES, fieldSize: MAX_FIELD_BYTES },
    })
  } catch (error) {
    throw new DocentError('INVALID_INPUT', `POST /documents takes multipart/form-data: ${(error as Error).message}`)
  }
}

async function receiveFile(
  documents: Documents,
  content: Readable,
  file: Omit<Fields, 'batch'> & { fileName: string; mediaType: string; batch: UploadBatch },
  log: Logger,
): Promise<UploadJob | UploadError> {
  try {
    return { ...(await documents.add({ ...file, content })), fileName: file.fileName }
  } catch (thrown) {
    const error = asDocentError(thrown)
    if (error.code === 'INTERNAL') log.error({ err: thrown, fileName: file.fileName }, 'an upload failed unexpectedly')
    return { fileName: file.fileName, status: error.status, ...error.toJSON() }
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
  else throw new DocentError('INVALID_INPUT', `there is no field ${JSON.stringify(name)}`)
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
