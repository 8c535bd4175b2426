/** `server.json` in the data directory: where the running server is, so that the CLI finds it. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { z } from 'zod'

const schema = z.object({ url: z.string(), pid: z.number().int() })

export type ServerAddress = z.output<typeof schema>

const pathIn = (dataDir: string) => join(dataDir, 'server.json')

/** Written aside and renamed; removed when disposed. */
export async function publishServer(dataDir: string, url: string): Promise<AsyncDisposable> {
  await writeFileAtomic(pathIn(dataDir), `${JSON.stringify({ url, pid: process.pid })}\n`)
  return { [Symbol.asyncDispose]: () => rm(pathIn(dataDir), { force: true }) }
}

/** The server of this data directory; undefined when none runs, also when one died without removing its file. */
export async function findServer(dataDir: string): Promise<ServerAddress | undefined> {
  const text = await readFile(pathIn(dataDir), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const parsed = schema.safeParse(parseJson(text))
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
