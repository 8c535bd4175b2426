/**
 * The one error table: every failure that a person can meet has a code here, the HTTP status it travels with, and a hint
 * that says what to do next. `docs/errors.md` is printed from it, and a test keeps the two equal.
 */
export interface ErrorEntry {
  readonly status: number
  readonly hint: string
}

export const ERROR_TABLE = {
  // what was sent
  INVALID_INPUT: { status: 400, hint: 'Correct the field that the message names and send the request again.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    hint: 'Upload one of the formats that docs/ingest.md lists, or convert the file to one of them.',
  },
  EMPTY_DOCUMENT: { status: 422, hint: 'The file holds no text. Upload one that has some.' },
  CONTENT_MISMATCH: {
    status: 422,
    hint: 'The content is of another kind than the name or the declared type says. Upload the file that was meant.',
  },
  INVALID_ENCODING: {
    status: 422,
    hint: 'The encoding could not be recognised. Save the file as UTF-8 and upload it again.',
  },
  TOO_LARGE: {
    status: 413,
    hint: 'Split the file, or raise DOCENT_MAX_UPLOAD_BYTES if the machine has the memory for it.',
  },
  ENCRYPTED_FILE: { status: 422, hint: 'Save a copy of the file without a password and upload that.' },
  NO_TEXT_LAYER: {
    status: 422,
    hint: 'The pages are pictures of text. Have the text recognised first (ocrmypdf, or the scanner itself), then upload it.',
  },
  MALFORMED_FILE: {
    status: 422,
    hint: 'The file is damaged or cut short. Open it in the program that made it, save it again and upload that.',
  },
  NESTED_TOO_DEEPLY: {
    status: 422,
    hint: 'Elements lie within one another deeper than any document needs. Save the text in a simpler form.',
  },
  UNPACKS_TOO_LARGE: {
    status: 422,
    hint: 'The archive unpacks to far more than its own size or has too many files. Divide it, or upload what it holds.',
  },
  TOO_MANY_PAGES: { status: 422, hint: 'Divide the file into parts with fewer pages and upload those.' },
  TOO_MUCH_TEXT: { status: 422, hint: 'Divide the file into parts and upload those.' },
  PARSE_TIMEOUT: { status: 422, hint: 'Divide the file, or save it in a simpler form. The original was kept.' },
  PARSE_OUT_OF_MEMORY: { status: 422, hint: 'Divide the file, or save it in a simpler form. The original was kept.' },
  PARSE_FAILED: {
    status: 422,
    hint: 'The parser could not read this file. The message says where; the original was kept.',
  },
  // what was named
  DOCUMENT_NOT_FOUND: {
    status: 404,
    hint: 'List the documents with `docent documents list` or the `documents` query.',
  },
  VERSION_NOT_FOUND: { status: 404, hint: 'List the versions of a document with `docent documents show ID`.' },
  COLLECTION_NOT_FOUND: {
    status: 404,
    hint: 'Use a collection that exists, or leave `collections` out to ask all of them.',
  },
  INTERACTION_NOT_FOUND: { status: 404, hint: 'Send the `interactionId` that `ask` returned.' },
  CORRECTION_NOT_FOUND: { status: 404, hint: 'List the corrections with `docent feedback list`.' },
  BATCH_NOT_FOUND: { status: 404, hint: 'Send the id of a batch that `POST /documents` returned.' },
  JOB_NOT_FOUND: { status: 404, hint: 'Send the id of a job that this server returned.' },
  RUN_NOT_FOUND: { status: 404, hint: 'Send the id of a training run that this server returned.' },
  MODEL_NOT_FOUND: { status: 404, hint: 'List the model versions with `docent models list`.' },
  EMBEDDER_NOT_FOUND: {
    status: 404,
    hint: 'Lay it there with `docent models import FOLDER --embedder` (`npm run setup` for the bundled one), or set DOCENT_EMBEDDER to one that is there.',
  },
  NOT_FOUND: { status: 404, hint: 'Check the address.' },
  ORIGIN_NOT_ALLOWED: { status: 403, hint: 'Use the pages of this server, or a client that is not a browser.' },
  // corrections
  OFFSET_OUT_OF_RANGE: {
    status: 422,
    hint: 'Offsets count UTF-16 code units into the canonical text of that document version.',
  },
  TEXT_MISMATCH: {
    status: 422,
    hint: 'Send the text exactly as the document has it, or leave `start` and `end` out to have it found.',
  },
  ALREADY_REVIEWED: { status: 409, hint: 'A review is final. Submit a new correction instead.' },
  // training and models
  TOO_FEW_LABELS: { status: 422, hint: 'Accept more corrections first; the message says how many are needed.' },
  UNSAFE_SETTINGS: { status: 422, hint: 'Use a value inside the range that the message names.' },
  INVALID_DATASET: { status: 422, hint: 'Mend the row that the message names; nothing was trained.' },
  EVALUATION_LEAK: {
    status: 422,
    hint: 'Measure on passages that the reader never saw, or give --force to have a figure that flatters it.',
  },
  TRAINING_UNAVAILABLE: {
    status: 503,
    hint: 'Run `npm run setup` and read what it says of tfjs-node. Answering is not affected.',
  },
  NO_CHECKPOINT: {
    status: 409,
    hint: 'Start a new run. Only the newest few runs that failed or were cancelled can be resumed, each once.',
  },
  TRAINING_DIVERGED: { status: 422, hint: 'Lower the learning rate. The last good checkpoint was kept.' },
  EXPORT_MISMATCH: {
    status: 500,
    hint: 'The exported graph does not compute what was trained, so it was not registered. Report this.',
  },
  MODEL_CORRUPT: {
    status: 500,
    hint: 'A file of the model folder is damaged or changed after it was written. Restore it, or run `npm run setup`.',
  },
  MODEL_INCOMPATIBLE: {
    status: 422,
    hint: 'The model folder has a format or architecture that this release does not read.',
  },
  FORM_UNAVAILABLE: {
    status: 422,
    hint: 'Promote a version that was measured in another form, or set DOCENT_READER_FORM to one that this version has.',
  },
  MODEL_EXISTS: { status: 409, hint: 'Give the new version another name with `--id`. Versions are never overwritten.' },
  PICKLE_REFUSED: {
    status: 422,
    hint: 'A pickle can run programs when it is read, so it was not opened. Convert it to safetensors, on a machine that may.',
  },
  HEAD_UNTRAINED: {
    status: 422,
    hint: 'It came without a question-answering head. Train from it with `docent train --from`, and promote the result.',
  },
  HUB_UNAVAILABLE: {
    status: 503,
    hint: 'Check the id, HF_ENDPOINT and, for gated models, HF_TOKEN; or download the folder elsewhere and import that.',
  },
  MODEL_PROCESS_ENDED: {
    status: 503,
    hint: 'The process that runs the model ended and is started again by the next request. Send the request again.',
  },
  NOTHING_TO_ROLL_BACK: { status: 409, hint: 'No earlier version was promoted before this one.' },
  // running it
  JOB_NOT_CANCELLABLE: { status: 409, hint: 'Only queued and running jobs can be cancelled.' },
  CANCELLED: { status: 409, hint: 'The job was cancelled on request. Start it again when you want it.' },
  SYNC_REFUSED: {
    status: 409,
    hint: 'Make sure that the folder is all there (mounted, checked out). If it is, see what --dry-run lists and give --force.',
  },
  PORT_IN_USE: { status: 500, hint: 'Stop the program on that port, or set DOCENT_PORT to another.' },
  DATA_IN_USE: {
    status: 500,
    hint: 'Another Docent works there. Use that one, wait for it, or name another folder (for a server: DOCENT_DATA_DIR).',
  },
  DISK_FULL: {
    status: 507,
    hint: 'Free space on the disk that the message names, then do it again. What was there before is whole.',
  },
  CONFIG_INVALID: {
    status: 500,
    hint: 'Correct the environment variable that the message names; `.env.example` lists them all.',
  },
  EMBEDDER_CHANGED: {
    status: 503,
    hint: 'Another embedder was put to service meanwhile. The same again is done with that one.',
  },
  EMBEDDER_REPLACED: {
    status: 500,
    hint: 'Restore the folder. A model with other weights needs another name: import it as that, and set DOCENT_EMBEDDER.',
  },
  INDEX_CORRUPT: { status: 500, hint: 'Run `docent index rebuild`; the store has everything the index needs.' },
  INDEX_THREAD_ENDED: {
    status: 503,
    hint: 'The thread that searches an index ended and is started again by the next search. Send the request again.',
  },
  STORE_INCOMPATIBLE: {
    status: 500,
    hint: 'The database was written by a newer release. Use that release, or another data directory.',
  },
  OVERLOADED: { status: 503, hint: 'Try again in a few seconds.' },
  SERVER_UNREACHABLE: {
    status: 503,
    hint: 'Start the server with `npm start`, or remove `server.json` from the data directory.',
  },
  INTERNAL: { status: 500, hint: 'Look for the request id in the log.' },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERROR_TABLE

/** A failure with a code of the table. `message` names the thing that is wrong; the hint says what to do. */
export class DocentError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DocentError'
    this.code = code
    this.details = options.details ?? {}
  }

  get status(): number {
    return ERROR_TABLE[this.code].status
  }

  get hint(): string {
    return ERROR_TABLE[this.code].hint
  }

  /** What crosses a process border, a job row or the wire. The cause and the stack stay at home. */
  toJSON(): SerializedError {
    return { code: this.code, message: this.message, hint: this.hint }
  }
}

export interface SerializedError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

/** How the system, and SQLite, say that nothing more can be written: no space, a quota, a limit on the size of a file. */
const NO_SPACE_LEFT: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL'])

/**
 * Any thrown thing as a DocentError: ours unchanged, DISK_FULL where nothing more could be written, everything else INTERNAL,
 * with the original as its cause.
 */
export function asDocentError(thrown: unknown): DocentError {
  if (thrown instanceof DocentError) return thrown
  const isFull = thrown instanceof Error && 'code' in thrown && NO_SPACE_LEFT.has(thrown.code)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new DocentError(isFull ? 'DISK_FULL' : 'INTERNAL', message, { cause: thrown })
}

/** The way back from {@link DocentError.toJSON}. */
export function reviveError(serialized: { code: string; message: string }): DocentError {
  const code = serialized.code in ERROR_TABLE ? (serialized.code as ErrorCode) : 'INTERNAL'
  return new DocentError(code, serialized.message)
}
