import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Preparer } from '../../src/ingest/preparer.js'

const modelFolder = path.resolve('test/fixtures/tiny-model')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-preparer-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileWith(content: string) {
  const file = path.join(folder, `${Math.random()}`)
  await writeFile(file, content)
  return { path: file, mediaType: 'text/markdown', fileName: 'a.md' }
}

/** Takes the parser long enough to be killed in the middle of it. */
const long = () => fileWith('# A\n\n*some* [text](x) of `a` page\n'.repeat(200_000))

describe('Preparer', () => {
  it('prepares files in a few processes of its own, and starts no more than it has', async () => {
    await using preparer = await Preparer.start({ modelFolder, processes: 2 })
    const files = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((name) => fileWith(`# ${name}`)))
    const preparing = files.map((file) => preparer.prepare(file))
    await expect.poll(() => preparer.pids.length).toBe(2)
    const results = await Promise.all(preparing)
    expect(results.map(({ canonicalText }) => canonicalText)).toEqual(['A', 'B', 'C', 'D', 'E'])
    expect(results[0]?.chunks[0]).toMatchObject({ start: 0, end: 1, headingPath: ['A'] })
    expect(preparer.pids).toHaveLength(2)
  })

  it('reads a small file while a large one is being read', async () => {
    await using preparer = await Preparer.start({ modelFolder, processes: 2 })
    const cancelling = new AbortController()
    const large = preparer.prepare(await long(), cancelling.signal)
    expect((await preparer.prepare(await fileWith('text'))).canonicalText).toBe('text')
    cancelling.abort()
    await expect(large).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('passes on what the parser says, and goes on', async () => {
    await using preparer = await Preparer.start({ modelFolder })
    const [pid] = preparer.pids
    await expect(preparer.prepare(await fileWith(' '))).rejects.toMatchObject({ code: 'EMPTY_DOCUMENT' })
    expect((await preparer.prepare(await fileWith('text'))).canonicalText).toBe('text')
    expect(preparer.pids).toEqual([pid])
  })

  it('kills a parser that takes too long, and takes the next file with a new one', async () => {
    // No time at all for the long file, a minute for the short one.
    await using preparer = await Preparer.start({
      modelFolder,
      limits: { baseTimeoutMs: 60_000, timeoutMsPerMebibyte: -10_000 },
    })
    const [pid] = preparer.pids
    await expect(preparer.prepare(await long())).rejects.toMatchObject({ code: 'PARSE_TIMEOUT' })
    expect((await preparer.prepare(await fileWith('text'))).canonicalText).toBe('text')
    expect(preparer.pids).not.toContain(pid)
  })

  it('survives the death of its process', async () => {
    await using preparer = await Preparer.start({ modelFolder })
    const pid = preparer.pids[0] as number
    const failing = preparer.prepare(await long())
    await wait(200)
    process.kill(pid, 'SIGKILL')
    await expect(failing).rejects.toMatchObject({ code: 'PARSE_FAILED' })
    expect((await preparer.prepare(await fileWith('text'))).canonicalText).toBe('text')
    expect(preparer.pids).not.toContain(pid)
  })

  it('fails a file that needs more memory than it may have', async () => {
    await using preparer = await Preparer.start({ modelFolder, limits: { maxHeapMb: 40 } })
    // What fills the heap is the tree of its Markdown: a long text may lie beside the heap, as Node 24 has it.
    const source = 'many *words*\n\n'.repeat(200_000)
    const large = { ...(await fileWith(source)), mediaType: 'text/markdown', fileName: 'a.md' }
    await expect(preparer.prepare(large)).rejects.toMatchObject({ code: 'PARSE_OUT_OF_MEMORY' })
    expect((await preparer.prepare(await fileWith('text'))).canonicalText).toBe('text')
  })

  it('ends a process whose memory lies outside the heap', async () => {
    await using preparer = await Preparer.start({ modelFolder, limits: { maxMemoryMb: 60 } })
    await expect(preparer.prepare(await long())).rejects.toMatchObject({ code: 'PARSE_OUT_OF_MEMORY' })
  })

  it('stops at once when it is cancelled', async () => {
    await using preparer = await Preparer.start({ modelFolder })
    const cancelling = new AbortController()
    const cancelled = preparer.prepare(await long(), cancelling.signal)
    await wait(200)
    cancelling.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(preparer.prepare(await fileWith('text'), cancelling.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  it('keeps no process when it has nothing to do, and starts one when it has', async () => {
    await using preparer = await Preparer.start({ modelFolder, idleMs: 50 })
    await expect.poll(() => preparer.pids, { timeout: 20_000 }).toEqual([])
    expect((await preparer.prepare(await fileWith('text'))).canonicalText).toBe('text')
  })

  it('refuses to start without a tokenizer', async () => {
    await expect(Preparer.start({ modelFolder: folder })).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  })
})
