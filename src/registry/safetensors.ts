/**
 * registry/ keeps model versions on disk. This file reads and writes their weights in the safetensors format:
 * 8 bytes of header length (little endian), the header as JSON, then the tensors' bytes one after another.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { DocentError } from '../errors.js'
import { bfloatsToFloats, floatsToHalves, halvesToFloats } from './half.js'

export interface Tensor {
  readonly shape: readonly number[]
  /** Row major. */
  readonly data: Float32Array
}

/** Bytes of one element. Integer tensors (`position_ids` in older files) are no weights and are left out when reading. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
}
const FLOAT_TYPES = new Set(['F32', 'F16', 'BF16'])

/** As the reference implementation: a larger header is an attack or an accident. */
const MAX_HEADER_BYTES = 100_000_000

interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/**
 * Every floating-point tensor as fp32.
 * @throws MODEL_CORRUPT when the file is missing or not well formed, MODEL_INCOMPATIBLE for an element type unknown here.
 */
export async function readSafetensors(file: string): Promise<Map<string, Tensor>> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new DocentError('MODEL_CORRUPT', `${file} cannot be opened: ${String(cause)}`, { cause })
  })
  try {
    const { entries, dataStart } = await readHeader(handle, file)
    const tensors = new Map<string, Tensor>()
    for (const entry of entries) {
      if (!FLOAT_TYPES.has(entry.dtype)) continue
      tensors.set(entry.name, { shape: entry.shape, data: await readData(handle, entry, dataStart, file) })
    }
    return tensors
  } finally {
    await handle.close()
  }
}

async function readHeader(handle: FileHandle, file: string): Promise<{ entries: Entry[]; dataStart: number }> {
  const corrupt = (reason: string): never => {
    throw new DocentError('MODEL_CORRUPT', `${file} is not a safetensors file: ${reason}`)
  }
  const { size } = await handle.stat()
  if (size < 8) corrupt(`it has ${size} bytes`)
  const lengthBytes = new DataView((await readBytes(handle, 0, 8, file)).buffer)
  const length = lengthBytes.getBigUint64(0, true)
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, size - 8))) corrupt(`its header cannot have ${length} bytes`)
  const dataStart = 8 + Number(length)
  const text = new TextDecoder().decode(await readBytes(handle, 8, Number(length), file))
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (error) {
    corrupt(`its header is not JSON (${(error as Error).message})`)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) corrupt('its header is not an object')
  const entries = Object.entries(header as object)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => checkEntry(name, value, file))
    .sort((left, right) => left.begin - right.begin || left.end - right.end)
  let expected = 0
  for (const { name, begin, end } of entries) {
    if (begin !== expected) corrupt(`tensor ${name} begins at ${begin}, not at ${expected} where the one before ends`)
    expected = end
  }
  if (dataStart + expected !== size) corrupt(`its tensors take ${expected} bytes and it has ${size - dataStart}`)
  return { entries, dataStart }
}

function checkEntry(name: string, value: unknown, file: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>
  const isSize = (number: unknown): number is number => Number.isSafeInteger(number) && (number as number) >= 0
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isSize)) {
    throw new DocentError('MODEL_CORRUPT', `${file}: tensor ${name} has no proper dtype and shape`)
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new DocentError('MODEL_CORRUPT', `${file}: tensor ${name} has no proper data_offsets`)
  }
  const elementBytes = ELEMENT_BYTES[dtype]
  if (!elementBytes) throw new DocentError('MODEL_INCOMPATIBLE', `${file}: tensor ${name} is of type ${dtype}`)
  const [begin, end] = offsets as [number, number]
  const bytes = shape.reduce((product, size) => product * size, elementBytes)
  if (end - begin !== bytes) {
    throw new DocentError('MODEL_CORRUPT', `${file}: tensor ${name} needs ${bytes} bytes and has ${end - begin}`)
  }
  return { name, dtype, shape, begin, end }
}

async function readData(handle: FileHandle, entry: Entry, dataStart: number, file: string): Promise<Float32Array> {
  const bytes = await readBytes(handle, dataStart + entry.begin, entry.end - entry.begin, file)
  if (entry.dtype === 'F32') return new Float32Array(bytes.buffer)
  const halves = new Uint16Array(bytes.buffer)
  return entry.dtype === 'F16' ? halvesToFloats(halves) : bfloatsToFloats(halves)
}

/** In a buffer of its own, so that typed arrays of any width can lie over it. */
async function readBytes(
  handle: FileHandle,
  position: number,
  length: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw new DocentError('MODEL_CORRUPT', `${file} ends too early`)
    done += bytesRead
  }
  return bytes
}

export interface WriteOptions {
  readonly dtype: 'F32' | 'F16'
  readonly metadata?: Readonly<Record<string, string>>
}

/** The same tensors give the same bytes: names are sorted. Atomic: under `file` stands the old file or the whole new one. */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  { dtype, metadata }: WriteOptions,
): Promise<void> {
  const names = [...tensors.keys()].sort()
  const header = makeHeader(names, tensors, dtype, metadata)
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.tmp`)
  const handle = await open(temporary, 'wx')
  try {
    await writeAll(handle, header)
    for (const name of names) {
      const { data } = tensors.get(name) as Tensor
      const raw = dtype === 'F32' ? data : floatsToHalves(data)
      await writeAll(handle, new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))
    }
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(temporary, { force: true })
    throw error
  }
}

function makeHeader(
  names: readonly string[],
  tensors: ReadonlyMap<string, Tensor>,
  dtype: 'F32' | 'F16',
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  const header: Record<string, unknown> = {}
  if (metadata) header.__metadata__ = Object.fromEntries(Object.entries(metadata).sort())
  let offset = 0
  for (const name of names) {
    const { shape, data } = tensors.get(name) as Tensor
    const count = shape.reduce((product, size) => product * size, 1)
    if (count !== data.length) {
      throw new DocentError('INTERNAL', `tensor ${name} of shape [${shape}] has ${data.length} numbers`)
    }
    const end = offset + count * (ELEMENT_BYTES[dtype] as number)
    header[name] = { dtype, shape, data_offsets: [offset, end] }
    offset = end
  }
  const json = JSON.stringify(header)
  const bytes = new TextEncoder().encode(json + ' '.repeat(-Buffer.byteLength(json) & 7))
  const whole = new Uint8Array(8 + bytes.length)
  new DataView(whole.buffer).setBigUint64(0, BigInt(bytes.length), true)
  whole.set(bytes, 8)
  return whole
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done)
    done += bytesWritten
  }
}
