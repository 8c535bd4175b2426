import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DocentError } from '../../../src/errors.js'
import { decodeText } from '../../../src/ingest/parse/decode.js'

function failure(bytes: Buffer): DocentError {
  try {
    decodeText(bytes)
  } catch (error) {
    return error as DocentError
  }
  throw new Error('it was decoded')
}

describe('decodeText', () => {
  it('decodes UTF-8 and drops its byte order mark', () => {
    expect(decodeText(Buffer.from('\ufeffGrüße 😀'))).toBe('Grüße 😀')
  })

  it('says at which byte the text stops being UTF-8', () => {
    const latin1 = Buffer.concat([Buffer.from('é\ufffd then caf'), Buffer.from([0xe9, 0x20, 0x61])])
    expect(failure(latin1)).toMatchObject({ code: 'INVALID_ENCODING', details: { offset: 14 } })
    expect(failure(latin1).message).toContain('byte 14: 0xe9')
  })

  it('names UTF-16 and NUL bytes', () => {
    expect(failure(Buffer.from('\ufeffhi', 'utf16le')).message).toContain('UTF-16')
    expect(failure(Buffer.from('ab\0c'))).toMatchObject({ code: 'CONTENT_MISMATCH', details: { offset: 2 } })
  })

  it('finds the first invalid byte of any bytes: what stands before it is valid, and with it is not', () => {
    const bytes = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 4 }).map((array) => Buffer.from(array)),
        ),
      )
      .map((parts) => Buffer.concat(parts))
      .filter((buffer) => !isUtf8(buffer) && !buffer.includes(0) && buffer[0] !== 0xff && buffer[0] !== 0xfe)
    fc.assert(
      fc.property(bytes, (buffer) => {
        const offset = failure(buffer).details.offset as number
        expect(isUtf8(buffer.subarray(0, offset))).toBe(true)
        // No continuation mends it.
        const rest = buffer.subarray(offset, offset + 4)
        expect([1, 2, 3, 4].some((length) => rest.length >= length && isUtf8(rest.subarray(0, length)))).toBe(false)
      }),
    )
  })
})
