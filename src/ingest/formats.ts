/** The formats that are read: their media types, the names that files and clients give them, and what reads them. */

interface Format {
  /** What reads it (prepare.ts), or unpacks it (unpack.ts). */
  readonly kind:
    | 'markdown'
    | 'text'
    | 'html'
    | 'csv'
    | 'mail'
    | 'pdf'
    | 'word'
    | 'slides'
    | 'sheets'
    | 'zip'
    | 'records'
  readonly extensions: readonly string[]
  /** Other names that clients send. */
  readonly aliases?: readonly string[]
  /**
   * `text`: nothing in the bytes tells it from another text, so that the name decides. `container`: a ZIP or a compound file,
   * whose first bytes may not show what is in it.
   */
  readonly bytes: 'text' | 'container' | 'binary'
}

const OFFICE = 'application/vnd.openxmlformats-officedocument'
const EXCEL = 'application/vnd.ms-excel'

export const FORMATS = {
  'text/markdown': {
    ...{ kind: 'markdown', bytes: 'text' },
    extensions: ['.md', '.markdown', '.mdown', '.mkd'],
    aliases: ['text/x-markdown'],
  },
  'text/plain': { kind: 'text', bytes: 'text', extensions: ['.txt', '.text', '.log'] },
  'text/html': {
    ...{ kind: 'html', bytes: 'text' },
    extensions: ['.html', '.htm', '.xhtml'],
    aliases: ['application/xhtml+xml'],
  },
  'text/csv': {
    ...{ kind: 'csv', bytes: 'text' },
    extensions: ['.csv', '.tsv'],
    aliases: ['application/csv', 'text/tab-separated-values'],
  },
  'message/rfc822': { kind: 'mail', bytes: 'text', extensions: ['.eml'] },
  'application/x-ndjson': {
    ...{ kind: 'records', bytes: 'text' },
    extensions: ['.jsonl', '.ndjson', '.json'],
    aliases: ['application/jsonl', 'application/json', 'application/jsonlines'],
  },
  'application/pdf': { kind: 'pdf', bytes: 'binary', extensions: ['.pdf'], aliases: ['application/x-pdf'] },
  [`${OFFICE}.wordprocessingml.document`]: { kind: 'word', bytes: 'container', extensions: ['.docx'] },
  [`${OFFICE}.presentationml.presentation`]: { kind: 'slides', bytes: 'container', extensions: ['.pptx'] },
  [`${OFFICE}.spreadsheetml.sheet`]: { kind: 'sheets', bytes: 'container', extensions: ['.xlsx'] },
  [`${OFFICE}.spreadsheetml.template`]: { kind: 'sheets', bytes: 'container', extensions: ['.xltx'] },
  [`${EXCEL}.sheet.macroenabled.12`]: { kind: 'sheets', bytes: 'container', extensions: ['.xlsm'] },
  [`${EXCEL}.template.macroenabled.12`]: { kind: 'sheets', bytes: 'container', extensions: ['.xltm'] },
  [`${EXCEL}.sheet.binary.macroenabled.12`]: { kind: 'sheets', bytes: 'container', extensions: ['.xlsb'] },
  [EXCEL]: { kind: 'sheets', bytes: 'container', extensions: ['.xls', '.xlt'] },
  'application/vnd.oasis.opendocument.spreadsheet': { kind: 'sheets', bytes: 'container', extensions: ['.ods'] },
  'application/zip': {
    ...{ kind: 'zip', bytes: 'container' },
    extensions: ['.zip'],
    aliases: ['application/x-zip-compressed'],
  },
} as const satisfies Record<string, Format>

export type MediaType = keyof typeof FORMATS
export type FormatKind = Format['kind']

const formats = Object.entries(FORMATS) as [MediaType, Format][]

export const formatOf = (mediaType: MediaType): Format => FORMATS[mediaType]

/** They hold documents, and are none themselves. */
export const CONTAINERS = ['application/zip', 'application/x-ndjson'] as const satisfies MediaType[]
export type ContainerType = (typeof CONTAINERS)[number]
export const isContainer = (mediaType: MediaType): mediaType is ContainerType =>
  (CONTAINERS as readonly MediaType[]).includes(mediaType)

/** With the dot, in lower case. */
export const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map(
  formats.flatMap(([mediaType, { extensions }]) => extensions.map((extension) => [extension, mediaType] as const)),
)

export const BY_NAME: ReadonlyMap<string, MediaType> = new Map(
  formats.flatMap(([mediaType, { aliases = [] }]) => [mediaType, ...aliases].map((name) => [name, mediaType] as const)),
)

/** What is taken of a folder. Most JSON files there are settings of some program; one that is named is read. */
export const FOLDER_EXTENSIONS: ReadonlySet<string> = new Set(
  [...BY_EXTENSION.keys()].filter((name) => name !== '.json'),
)
