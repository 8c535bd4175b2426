import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DocentError } from '../../../../src/errors.js'
import { charsetOfMarkup, decodeText } from '../../../../src/ingest/parse/encoding/decode.js'
import { ENCODED, SENTENCES } from './encoded-sentences.js'

function failure(bytes: Buffer): DocentError {
  try {
    decodeText(bytes)
  } catch (error) {
    return error as DocentError
  }
  throw new Error('it was decoded')
}

/** Text whose characters beyond Latin-1 are written as the bytes of windows-1252. */
function windows1252(text: string): Buffer {
  const bytes: Record<string, string> = { '‘': '\x91', '’': '\x92', '“': '\x93', '”': '\x94', '–': '\x96', '€': '\x80' }
  return Buffer.from(
    text.replace(/[‘’“”–€]/g, (char) => bytes[char] as string),
    'latin1',
  )
}

function utf32(text: string, littleEndian: boolean): Buffer {
  const points = Array.from(`\ufeff${text}`, (char) => char.codePointAt(0) as number)
  const bytes = Buffer.alloc(4 * points.length)
  for (const [index, point] of points.entries()) {
    littleEndian ? bytes.writeUInt32LE(point, 4 * index) : bytes.writeUInt32BE(point, 4 * index)
  }
  return bytes
}

describe('Unicode', () => {
  it('is UTF-8, with or without a byte order mark', () => {
    expect(decodeText(Buffer.from('\ufeffGrüße 😀'))).toEqual({ text: 'Grüße 😀', encoding: 'utf-8' })
    expect(decodeText(Buffer.from('Grüße 😀'))).toEqual({ text: 'Grüße 😀', encoding: 'utf-8' })
    expect(decodeText(Buffer.alloc(0)).text).toBe('')
  })

  it('stays UTF-8 when another charset is declared', () => {
    expect(decodeText(Buffer.from('Grüße'), { charset: 'iso-8859-1' }).text).toBe('Grüße')
  })

  it('is UTF-16 or UTF-32 where a mark says so, any text', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'))
    fc.assert(
      fc.property(text, (value) => {
        const utf16 = Buffer.from(`\ufeff${value}`, 'utf16le')
        expect(decodeText(utf16)).toEqual({ text: value, encoding: 'utf-16le' })
        expect(decodeText(Buffer.from(utf16).swap16())).toEqual({ text: value, encoding: 'utf-16be' })
        expect(decodeText(utf32(value, true))).toEqual({ text: value, encoding: 'utf-32le' })
        expect(decodeText(utf32(value, false))).toEqual({ text: value, encoding: 'utf-32be' })
      }),
    )
  })

  it('is UTF-16 without a mark where the zero bytes show it', () => {
    for (const text of ['Leave is granted.\r\n', `${SENTENCES.ru}\n`.repeat(3), SENTENCES.el]) {
      const bytes = Buffer.from(text, 'utf16le')
      expect(decodeText(bytes)).toEqual({ text, encoding: 'utf-16le' })
      expect(decodeText(bytes.swap16())).toEqual({ text, encoding: 'utf-16be' })
    }
  })

  it('is not what follows the mark of UTF-16 when that is damaged', () => {
    expect(failure(Buffer.from('fffe4100d8', 'hex'))).toMatchObject({
      code: 'INVALID_ENCODING',
      details: { offset: 0 },
    })
  })
})

describe('binary content', () => {
  it('is named by its first NUL byte', () => {
    expect(failure(Buffer.from('ab\0c'))).toMatchObject({ code: 'CONTENT_MISMATCH', details: { offset: 2 } })
    expect(failure(Buffer.from('0001020304050607', 'hex'))).toMatchObject({ code: 'CONTENT_MISMATCH' })
    expect(failure(Buffer.from('41000100420002000300430001000200', 'hex')).code).toBe('CONTENT_MISMATCH')
  })
})

describe('other encodings', () => {
  it.each(ENCODED)('%s is recognised from a sentence (%s)', (encoding, language, base64) => {
    const sentence: string = SENTENCES[language]
    expect(decodeText(Buffer.from(base64, 'base64'))).toEqual({ text: sentence, encoding })
  })

  it.each(ENCODED)('%s is recognised from a line in a long English file (%s)', (_, language, base64) => {
    const english = 'Ask your manager before you book a trip.\n'.repeat(2000)
    const bytes = Buffer.concat([Buffer.from(english), Buffer.from(base64, 'base64'), Buffer.from(`\n${english}`)])
    // Lithuanian and Icelandic letters have the same bytes, and one line does not decide between them.
    if (language === 'lt') expect(failure(bytes).code).toBe('INVALID_ENCODING')
    else expect(decodeText(bytes).text).toBe(`${english}${SENTENCES[language]}\n${english}`)
  })

  it.each([
    'Don’t forget: the “short form” is for trips of 1–3 days.',
    'The committee met on Monday and heard Iñárritu speak about the budget for the next year, and nobody objected.',
    'Costs below £25 need no receipt, and nothing above €50 is paid without one.',
    'café',
    'Die Spesen werden jährlich überprüft.',
  ])('windows-1252 is recognised in mostly ASCII text: %s', (text) => {
    expect(decodeText(windows1252(text))).toMatchObject({ text })
  })

  it('are believed when they are declared and the bytes fit', () => {
    const bytes = Buffer.from([0xc3, 0xce, 0xd1, 0xd2])
    expect(decodeText(bytes, { charset: ' Windows-1251 ' })).toEqual({ text: 'ГОСТ', encoding: 'windows-1251' })
    expect(decodeText(windows1252('“hi”'), { charset: 'iso-8859-1' })).toEqual({
      text: '“hi”',
      encoding: 'windows-1252',
    })
  })

  it('are recognised when what is declared does not fit or does not exist', () => {
    for (const charset of ['utf-8', 'shift_jis', 'utf-16', 'klingon', '']) {
      expect(decodeText(windows1252('Die Kündigungsfrist beträgt drei Monate.'), { charset }).text).toContain('beträgt')
    }
  })
})

describe('bytes that nothing fits', () => {
  it('are refused with the byte where UTF-8 ends and with what was tried', () => {
    const broken = Buffer.concat([Buffer.from('é, è, ê, \ufffd then caf'), Buffer.from([0xe9, 0x20, 0x61])])
    const error = failure(broken)
    expect(error).toMatchObject({ code: 'INVALID_ENCODING', details: { offset: 24 } })
    expect(error.message).toContain('byte 24: 0xe9')
    expect(error.message).toContain('most of the rest is UTF-8')
  })

  it('are refused when two encodings explain a short text equally well', () => {
    expect(failure(Buffer.from('tr\xe8s bien', 'latin1')).message).toMatch(
      /may be windows-1252 .* as well as windows-1250/,
    )
  })

  it('are refused when the declared charset leaves control characters', () => {
    const decoded = () => decodeText(Buffer.from([0x61, 0xff, 0xfe, 0xc3, 0x28, 0x81]), { charset: 'windows-1252' })
    expect(decoded).toThrow(/the declared windows-1252 does not fit/)
  })

  it('name the first invalid byte: what stands before it is valid, and with it is not', () => {
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
        let offset: number
        try {
          expect(decodeText(buffer).encoding).not.toBe('utf-8')
          return
        } catch (error) {
          offset = (error as DocentError).details.offset as number
        }
        expect(isUtf8(buffer.subarray(0, offset))).toBe(true)
        // No continuation mends it.
        const rest = buffer.subarray(offset, offset + 4)
        expect([1, 2, 3, 4].some((length) => rest.length >= length && isUtf8(rest.subarray(0, length)))).toBe(false)
      }),
    )
  })
})

describe('charsetOfMarkup', () => {
  it.each([
    ['<meta charset=windows-1251>', 'windows-1251'],
    ['<!doctype html><head><META http-equiv="Content-Type" content="text/html; charset=koi8-r">', 'koi8-r'],
    ["<?xml version='1.0' encoding='iso-8859-2'?><html>", 'iso-8859-2'],
    [`${' '.repeat(1024)}<meta charset=utf-8>`, null],
    ['<p>charset=none', null],
  ])('%s', (source, charset) => {
    expect(charsetOfMarkup(Buffer.from(source))).toBe(charset)
  })
})
