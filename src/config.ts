/**
 * Configuration: the environment is read here and nowhere else, validated once, and frozen. `.env.example` lists every
 * variable with its default and meaning; a test keeps the two equal.
 */
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { packageRoot } from './child.js'
import { DocentError } from './errors.js'

const MIB = 1024 * 1024

/** One row per variable: its schema (with the default) and what it means. */
export const VARIABLES = {
  DOCENT_HOST: { schema: z.string().default('127.0.0.1'), meaning: 'Address to listen on.' },
  DOCENT_PORT: {
    schema: z.coerce.number().int().min(0).max(65535).default(4000),
    meaning: 'Port; 0 takes a free one.',
  },
  DOCENT_DATA_DIR: {
    schema: z.string().default('data'),
    meaning: 'The database and the uploaded originals: the truth. Back this up.',
  },
  DOCENT_INDEX_DIR: { schema: z.string().default('indexes'), meaning: 'Vector indexes; may be deleted at any time.' },
  DOCENT_MODELS_DIR: { schema: z.string().default('models'), meaning: 'Bundled and trained model versions.' },
  DOCENT_EMBEDDER: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
      .default('all-MiniLM-L6-v2'),
    meaning:
      'Folder under embedder/ of the models whose vectors are searched; another one re-embeds in the background.',
  },
  DOCENT_SAMPLES_DIR: {
    schema: z.string().default('samples'),
    meaning: 'Documents ingested at the first start; empty for none.',
  },
  DOCENT_READER_PROCESSES: {
    schema: z.coerce.number().int().min(1).max(64).default(Math.min(2, availableParallelism())),
    meaning: 'Reader session processes, one thread each. The default is two, or one on a single core.',
  },
  DOCENT_READER_FORM: {
    schema: z.enum(['auto', 'int8', 'fp32']).default('auto'),
    meaning: 'Form in which readers serve; auto takes int8 where its canary is right on this machine, else fp32.',
  },
  DOCENT_RERANKER: {
    schema: z.string().default(''),
    meaning: 'Folder of a cross-encoder that reranks searches; empty: the served reader does.',
  },
  DOCENT_TRAIN_THREADS: {
    schema: z.coerce.number().int().min(1).max(64).default(Math.max(1, availableParallelism())),
    meaning: 'Threads of the training process, which runs at the lowest priority. The default is one per core.',
  },
  DOCENT_MAX_UPLOAD_BYTES: {
    schema: z.coerce
      .number()
      .int()
      .min(1)
      .default(100 * MIB),
    meaning: 'Largest uploaded file.',
  },
  HF_ENDPOINT: {
    schema: z.union([z.literal(''), z.url()]).default(''),
    meaning: "Address of the Hugging Face hub or a mirror of it, for `docent models import`; empty for the hub's own.",
  },
  HF_TOKEN: { schema: z.string().default(''), meaning: 'Access token of the hub, for gated and private models.' },
  DOCENT_LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    meaning: 'Least severe level that is logged.',
  },
} as const

export interface Config {
  readonly host: string
  readonly port: number
  readonly dataDir: string
  readonly indexDir: string
  readonly modelsDir: string
  readonly embedder: string
  readonly samplesDir: string | null
  readonly readerProcesses: number
  readonly readerForm: 'auto' | 'int8' | 'fp32'
  /** Null: the served reader reranks. */
  readonly rerankerDir: string | null
  readonly trainThreads: number
  readonly maxUploadBytes: number
  /** Null: the hub's own address. */
  readonly hubEndpoint: string | null
  readonly hubToken: string | null
  readonly logLevel: string
}

/** @throws CONFIG_INVALID naming the variable. Relative folders are taken from the package's root. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const get = <K extends keyof typeof VARIABLES>(name: K): z.output<(typeof VARIABLES)[K]['schema']> => {
    const parsed = VARIABLES[name].schema.safeParse(environment[name])
    if (!parsed.success) {
      throw new DocentError('CONFIG_INVALID', `${name}=${environment[name]}: ${parsed.error.issues[0]?.message}`)
    }
    return parsed.data as z.output<(typeof VARIABLES)[K]['schema']>
  }
  const folder = (path: string) => resolve(packageRoot, path)
  const folderOrNull = (path: string) => (path === '' ? null : folder(path))
  return Object.freeze({
    host: get('DOCENT_HOST'),
    port: get('DOCENT_PORT'),
    dataDir: folder(get('DOCENT_DATA_DIR')),
    indexDir: folder(get('DOCENT_INDEX_DIR')),
    modelsDir: folder(get('DOCENT_MODELS_DIR')),
    embedder: get('DOCENT_EMBEDDER'),
    samplesDir: folderOrNull(get('DOCENT_SAMPLES_DIR')),
    readerProcesses: get('DOCENT_READER_PROCESSES'),
    readerForm: get('DOCENT_READER_FORM'),
    rerankerDir: folderOrNull(get('DOCENT_RERANKER')),
    trainThreads: get('DOCENT_TRAIN_THREADS'),
    maxUploadBytes: get('DOCENT_MAX_UPLOAD_BYTES'),
    hubEndpoint: get('HF_ENDPOINT') || null,
    hubToken: get('HF_TOKEN') || null,
    logLevel: get('DOCENT_LOG_LEVEL'),
  })
}
