import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInFormat, numberFormatter } from '../../../src/ingest/parse/number-format.js'

const shown = (value: number, code: string, is1904 = false): string => numberFormatter(code, is1904)(value)

describe('a number', () => {
  it.each([
    [1234.5, 'General', '1234.5'],
    [0.1 + 0.2, 'General', '0.3'],
    [1e15, 'General', '1000000000000000'],
    [-3, '', '-3'],
    [1234.5, '0', '1235'],
    [1234.5, '#,##0.00', '1,234.50'],
    [1.005, '0.00', '1.01'],
    [-1234.5, '#,##0.00', '-1,234.50'],
    [-1234.5, '#,##0;(#,##0)', '(1,235)'],
    [0.256, '0.0%', '25.6%'],
    [0.5, '0%', '50%'],
    [1234567, '#,##0,"k"', '1,235k'],
    [7, '000', '007'],
    [12.5, '0.##', '12.5'],
    [12, '0.##', '12'],
    [12345, '0.00E+00', '1.23E+04'],
    [0.5, '# ?/?', '0.5'],
    [123456789, '000-00-0000', '123-45-6789'],
    [5551234, '(000) 000\\-0000', '(000) 555-1234'],
    [3, '0 "days"', '3 days'],
    [3, '"No. "General', 'No. 3'],
    [3, '[Red]0', '3'],
    [3, ';;;', ''],
    [0, '0;-0;"none"', 'none'],
    [-0.2, '0', '0'],
    [0.5, '[>=1000]#,##0;0', '0.5'],
    [0, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_)', '$-'],
  ])('%d in %j is %j', (value, code, text) => {
    expect(shown(value, code)).toBe(text)
  })
})

describe('money', () => {
  it.each([
    [1234.5, '$#,##0.00', '$1,234.50'],
    [-1234.5, '"$"#,##0.00_);[Red]("$"#,##0.00)', '($1,234.50)'],
    [1234.5, '#,##0.00\\ [$€-407]', '1,234.50 €'],
    [1234.5, '[$£-809]#,##0', '£1,235'],
    [1234.5, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', '$1,234.50'],
    [9.5, '[$CHF] 0.00', 'CHF 9.50'],
  ])('%d in %j is %j', (value, code, text) => {
    expect(shown(value, code)).toBe(text)
  })
})

describe('a date', () => {
  it.each([
    [45_418, 'yyyy-mm-dd', '2024-05-06'],
    [45_418, 'dd/mm/yyyy', '2024-05-06'],
    [45_418, '[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy', '2024-05-06'],
    [45_418, 'mmm-yy', '2024-05'],
    [45_418, 'yyyy', '2024'],
    [45_418.395833333336, 'm/d/yy h:mm', '2024-05-06 09:30'],
    [45_418.395833333336, 'h:mm AM/PM', '09:30'],
    [0.395844907, 'hh:mm:ss', '09:30:01'],
    [1.5, '[h]:mm', '36:00'],
    [1, 'yyyy-mm-dd', '1900-01-01'],
    [61, 'yyyy-mm-dd', '1900-03-01'],
    [-1, 'yyyy-mm-dd', '-1'],
    [1e9, 'yyyy-mm-dd', '1000000000'],
  ])('%d in %j is %j', (value, code, text) => {
    expect(shown(value, code)).toBe(text)
  })

  it('may be counted from 1904', () => {
    expect(shown(0, 'yyyy-mm-dd', true)).toBe('1904-01-01')
  })

  it('is what the built-in formats for dates show', () => {
    for (const id of [14, 15, 30, 57]) expect(shown(45_418, builtInFormat(id))).toBe('2024-05-06')
    expect(builtInFormat(0)).toBe('General')
    expect(builtInFormat(999)).toBe('General')
  })
})

it('never fails, whatever the code', () => {
  const code = fc.string({ unit: fc.constantFrom(...'0#?.,%;/Ee+-"\\_*[]$€hmsydA@ ('), maxLength: 12 })
  fc.assert(
    fc.property(code, fc.double({ noNaN: true, noDefaultInfinity: true }), (text, value) => {
      expect(typeof shown(value, text)).toBe('string')
    }),
  )
})
