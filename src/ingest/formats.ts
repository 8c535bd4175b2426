/** The formats that are read: their media types, the names that files and clients give them, and what their bytes are. */

interface Format {
  readonly extensions: readonly string[]
  /** Other names that clients send. */
  readonly aliases?: readonly string[]
  /** `text`: nothing in the bytes tells it from another text, so that the name decides. */
  readonly bytes: 'text' | 'zip' | 'binary'
}

const OFFICE = 'application/vnd.openxmlformats-officedocument'

export const FORMATS = {
  'text/markdown': {
    extensions: ['.md', '.markdown', '.mdown', '.mkd'],
    aliases: ['text/x-markdown'],
    bytes: 'text',
  },
  'text/plain': { extensions: ['.txt', '.text', '.log'], bytes: 'text' },
  'text/html': { extensions: ['.html', '.htm', '.xhtml'], aliases: ['application/xhtml+xml'], bytes: 'text' },
  'text/csv': {
    extensions: ['.csv', '.tsv'],
    aliases: ['application/csv', 'text/tab-separated-values'],
    bytes: 'text',
  },
  'message/rfc822': { extensions: ['.eml'], bytes: 'text' },
  'application/x-ndjson': {
    extensions: ['.jsonl', '.ndjson', '.json'],
    aliases: ['application/jsonl', 'application/json', 'application/jsonlines'],
    bytes: 'text',
  },
  'application/pdf': { extensions: ['.pdf'], aliases: ['application/x-pdf'], bytes: 'binary' },
  [`${OFFICE}.wordprocessingml.document`]: { extensions: ['.docx'], bytes: 'zip' },
  [`${OFFICE}.presentationml.presentation`]: { extensions: ['.pptx'], bytes: 'zip' },
  [`${OFFICE}.spreadsheetml.sheet`]: { extensions: ['.xlsx'], bytes: 'zip' },
  'application/zip': { extensions: ['.zip'], aliases: ['application/x-zip-compressed'], bytes: 'zip' },
} as const satisfies Record<string, Format>

export type MediaType = keyof typeof FORMATS

export const MEDIA_TYPES = Object.keys(FORMATS) as MediaType[]

/** They hold documents, and are none themselves. */
export const CONTAINERS = ['application/zip', 'application/x-ndjson'] as const satisfies MediaType[]
export type ContainerType = (typeof CONTAINERS)[number]
export const isContainer = (mediaType: MediaType): mediaType is ContainerType =>
  (CONTAINERS as readonly MediaType[]).includes(mediaType)

export const bytesOf = (mediaType: MediaType): Format['bytes'] => FORMATS[mediaType].bytes

const formats = Object.entries(FORMATS) as [MediaType, Format][]

/** With the dot, in lower case. */
export const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map(
  formats.flatMap(([mediaType, { extensions }]) => extensions.map((extension) => [extension, mediaType] as const)),
)

export const BY_NAME: ReadonlyMap<string, MediaType> = new Map(
  formats.flatMap(([mediaType, { aliases = [] }]) => [mediaType, ...aliases].map((name) => [name, mediaType] as const)),
)

/** What `docent ingest FOLDER` takes. */
export const SUPPORTED_EXTENSIONS: readonly string[] = [...BY_EXTENSION.keys()]
