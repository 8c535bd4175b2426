import { describe, expect, it } from 'vitest'
import { storedZip } from '../../../../src/ingest/parse/archive/stored-zip.js'
import { type ZipLimits, zipMembers } from '../../../../src/ingest/parse/archive/zip.js'
import { handMadeZip } from '../office/office-files.js'

async function readAll(bytes: Buffer, limits: ZipLimits): Promise<void> {
  for (const member of await zipMembers(bytes, limits)) await member.read()
}

const LIMITS = { maxEntries: 3, maxUnpackedBytes: 1000 }
const file = (name: string, size: number) => ({ name, content: Buffer.alloc(size, 'a') })

describe('zipMembers', () => {
  it('gives the files in their order, without folders', async () => {
    const members = await zipMembers(
      handMadeZip([file('b.txt', 3), file('folder/', 0), file('folder/a.txt', 5)]),
      LIMITS,
    )
    expect(members.map(({ name, byteCount }) => [name, byteCount])).toEqual([
      ['b.txt', 3],
      ['folder/a.txt', 5],
    ])
    expect(String(await members[0]?.read())).toBe('aaa')
  })

  it('reads what storedZip writes', async () => {
    const members = await zipMembers(storedZip([['ü/a.xml', '<ä/>']]), LIMITS)
    expect(members[0]?.name).toBe('ü/a.xml')
    expect(String(await members[0]?.read())).toBe('<ä/>')
  })

  it('refuses an archive that unpacks to too much, by all its files together', async () => {
    const bytes = handMadeZip([file('a', 600), file('b', 600)])
    await expect(zipMembers(bytes, LIMITS)).rejects.toMatchObject({ code: 'UNPACKS_TOO_LARGE' })
    await expect(zipMembers(bytes, { ...LIMITS, maxUnpackedBytes: 1200 })).resolves.toHaveLength(2)
  })

  it('refuses an archive with too many files', async () => {
    const bytes = handMadeZip(['a', 'b', 'c', 'd'].map((name) => file(name, 1)))
    await expect(zipMembers(bytes, LIMITS)).rejects.toMatchObject({ code: 'UNPACKS_TOO_LARGE' })
  })

  it('refuses a protected file and names it', async () => {
    const bytes = handMadeZip([{ ...file('secret.xml', 5), flags: 1 }])
    await expect(zipMembers(bytes, LIMITS)).rejects.toMatchObject({
      code: 'ENCRYPTED_FILE',
      message: expect.stringContaining('secret.xml'),
    })
  })

  it.each(['../outside', 'a/../../outside', '/absolute', 'C:/absolute'])('refuses the name %s', async (name) => {
    await expect(zipMembers(handMadeZip([file(name, 1)]), LIMITS)).rejects.toMatchObject({ code: 'MALFORMED_FILE' })
  })

  it('refuses what is cut short and what is no archive', async () => {
    const bytes = handMadeZip([file('a', 500)])
    for (const damaged of [
      bytes.subarray(0, bytes.length - 30),
      bytes.subarray(20),
      Buffer.from('PK'),
      Buffer.alloc(0),
    ])
      await expect(readAll(damaged, LIMITS)).rejects.toMatchObject({ code: 'MALFORMED_FILE' })
  })
})

describe('the members of an archive, read one by one', () => {
  it('stops a file that unpacks to more than the directory says', async () => {
    const bytes = handMadeZip([{ ...file('bomb', 1_000_000), declaredSize: 10 }])
    await expect(readAll(bytes, LIMITS)).rejects.toMatchObject({ code: 'MALFORMED_FILE' })
  })

  it('stops a file that unpacks to less', async () => {
    const bytes = handMadeZip([{ ...file('short', 10), declaredSize: 100 }])
    await expect(readAll(bytes, LIMITS)).rejects.toMatchObject({ code: 'MALFORMED_FILE' })
  })

  it('stops a file whose bytes cannot be unpacked', async () => {
    const bytes = handMadeZip([file('a', 500)])
    bytes.fill(0xff, 31, 36)
    await expect(readAll(bytes, LIMITS)).rejects.toMatchObject({ code: 'MALFORMED_FILE' })
  })

  it('says nothing of a sound archive', async () => {
    await expect(readAll(handMadeZip([file('a', 500)]), LIMITS)).resolves.toBeUndefined()
  })
})
