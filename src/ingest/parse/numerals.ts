/** Numbers as lists show them. */

export type NumeralStyle = 'decimal' | 'decimalZero' | 'lowerLetter' | 'upperLetter' | 'lowerRoman' | 'upperRoman'

/** `number` is a whole number; one that a style cannot show (a Roman zero) is shown in digits. */
export function numeral(number: number, style: NumeralStyle): string {
  switch (style) {
    case 'decimal':
      return String(number)
    case 'decimalZero':
      return String(number).padStart(2, '0')
    case 'lowerLetter':
      return letters(number)
    case 'upperLetter':
      return letters(number).toUpperCase()
    case 'lowerRoman':
      return roman(number)
    case 'upperRoman':
      return roman(number).toUpperCase()
  }
}

/** a to z, then aa, bb to zz, as word processors count. */
function letters(number: number): string {
  if (number < 1 || number > 26 * 30) return String(number)
  const letter = String.fromCharCode(97 + ((number - 1) % 26))
  return letter.repeat(Math.ceil(number / 26))
}

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
]

function roman(number: number): string {
  if (number < 1 || number > 3999) return String(number)
  let rest = number
  let text = ''
  for (const [value, letter] of ROMAN) {
    const times = Math.floor(rest / value)
    text += letter.repeat(times)
    rest -= times * value
  }
  return text
}
