/** A folder in the layout of the Hugging Face hub's addresses, over HTTP on the loopback. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export const HUB_COMMIT = '0123456789abcdef0123456789abcdef01234567'

export interface HubServer extends AsyncDisposable {
  readonly url: string
  /** Paths of the files that were asked for, in order. */
  readonly served: string[]
}

/** Serves one model. `tamper` may change the bytes of a file on their way. */
export async function startHub(
  id: string,
  folder: string,
  tamper: (name: string, bytes: Buffer) => Buffer = (_, bytes) => bytes,
): Promise<HubServer> {
  const served: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url as string, 'http://hub')
    const [, file] = pathname.split(`/${id}/resolve/${HUB_COMMIT}/`)
    if (pathname === `/api/models/${id}/revision/HEAD`)
      return sendJson(response, 200, { id, _id: '1', sha: HUB_COMMIT })
    if (pathname === `/api/models/${id}/tree/${HUB_COMMIT}`) return sendJson(response, 200, listing(folder))
    if (file === undefined) return sendJson(response, 404, { error: 'Repository not found' })
    if (!served.includes(file)) served.push(file)
    const bytes = tamper(file, readFileSync(join(folder, file)))
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const headers = { etag: '"1"', 'content-type': 'application/octet-stream' }
    if (from === undefined) return response.writeHead(200, headers).end(bytes)
    const range = `bytes ${from}-${to}/${bytes.length}`
    response.writeHead(206, { ...headers, 'content-range': range }).end(bytes.subarray(Number(from), Number(to) + 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, served, [Symbol.asyncDispose]: () => close(server) }
}

/** Large files are kept apart, under their sha256. */
function listing(folder: string): object[] {
  return readdirSync(folder).map((path) => {
    const bytes = readFileSync(join(folder, path))
    const entry = { type: 'file', path, size: bytes.length, oid: 'unused' }
    const oid = createHash('sha256').update(bytes).digest('hex')
    return path.endsWith('.safetensors') ? { ...entry, lfs: { oid, size: bytes.length, pointerSize: 130 } } : entry
  })
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
