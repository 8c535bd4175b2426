import { describe, expect, it } from 'vitest'
import { sentenceSpans } from '../../src/text/sentences.js'

const sentencesOf = (text: string): string[] => sentenceSpans(text).map(({ start, end }) => text.slice(start, end))

/** A sentence border is written as ` ¦ `, between scripts without spaces as `¦`. */
const CASES: readonly (readonly [what: string, ...texts: readonly string[]])[] = [
  ['titles', 'Dr. Keller and Mr. and Mrs. Smith left. ¦ Prof. Wu stayed.', 'We met St. John. ¦ He waved.'],
  [
    'words that are shortened for good',
    'Use a card, e.g. The Guardian’s, i.e. Yours. ¦ Cf. The Art of War vs. The Prince.',
  ],
  ['approximations', 'It takes approx. Ten days. ¦ Then it ends.'],
  [
    'numbers of things',
    'See No. 5 Main Road. ¦ See Fig. A, Art. 5 and Art. II, Sec. 3 and Vol. IV. ¦ Done.',
    'p. 5 and pp. 7-9. ¦ Done.',
  ],
  ['the word no', 'Is it open? ¦ No. ¦ It is closed. ¦ No. ¦ I asked.'],
  [
    'abbreviations that may end a sentence',
    'Pens, paper, etc. ¦ The rest is free.',
    'Pens etc. Germany makes are here.',
  ],
  ['companies', 'He left Acme Inc. ¦ The company went on. ¦ Acme Inc. Holdings did not.'],
  ['countries', 'In the U.S. ¦ The law differs. ¦ U.S. Government staff know.', 'Washington, D.C. ¦ It is a city.'],
  ['hours', 'It opens at 9 a.m. ¦ The desk opens later, at 9 a.m. Monday at 2 p.m. ¦ That is all.'],
  ['months', 'Born Nov. 5, 1990. ¦ He left in Dec. ¦ It was cold.'],
  ['degrees', 'She has a Ph.D. in law and an M.A. ¦ The end.'],
  ['initials', 'J. R. R. Tolkien wrote it for George W. Bush. ¦ Did he?', 'Take vitamin C. ¦ It helps.'],
  ['numbered items in a line', '1. Open it. ¦ 2. Close it. ¦ 12. The end.', 'A. The first option. ¦ B. The second.'],
  [
    'letters and Roman numerals as numbers',
    'iv. The board decides. ¦ It ends.',
    '(b) The rest. ¦ Done.',
    'III. The third.',
  ],
  [
    'decimals and numbers of sections',
    'It costs 3.50 euros, 1,000.5 in all. ¦ See section 4.2. ¦ It says so. ¦ 1.2.3. The scope.',
  ],
  [
    'addresses',
    'See https://example.com/a.b?c=D&e=f. ¦ Write to J.Doe@example.com! ¦ Then wait.',
    'Open www.example.com. ¦ Click.',
  ],
  ['names with full stops', 'Use Node.js. ¦ It works, as ASP.NET does.'],
  ['ellipses', 'Wait... and see … then go. ¦ Well... ¦ I think so.'],
  [
    'quotes',
    'He said "Go." ¦ Then he left.',
    '“Go!” ¦ He left.',
    '"Is it open?" she asked. ¦ Yes.',
    '“Is it?” ¦ “It is.”',
  ],
  ['brackets', '(See page 5.) ¦ The next one. ¦ (He left!) ¦ Then [he came.] ¦ Now.'],
  ['several marks', 'Really?! ¦ Yes!!! ¦ How? ¦ So.'],
  [
    'German',
    'Das gilt z. B. Montag, d. h. Immer, z.B. Sonntag. ¦ Siehe Abs. 2 S. 1 und Nr. 5 Buchstabe a. ¦ Das gilt.',
  ],
  ['German ordinals', 'Am 3. Oktober 2020 war es zu. ¦ Im 19. Jahrhundert auch. ¦ Es war 1990. ¦ Dann nicht.'],
  ['German quotes', '„Geht es?“ fragte sie. ¦ »Ja!« ¦ »Gut.«'],
  ['French', 'M. Dupont et Mme. Durand, art. 5. ¦ Cela suffit. ¦ « Oui ! » dit-il. ¦ « Bien. »'],
  ['Spanish', '¿Cómo estás? ¦ ¡Bien! ¦ El Sr. García vive en EE. UU. ¦ Desde 2010. ¦ Véase la pág. 5.'],
  ['Chinese', '这是第一句。¦这是第二句！¦“第三句？”¦第四句'],
  ['Japanese', '「行こう。」と言った。¦次の文．¦「はい。」'],
  ['Hindi and Arabic', 'क्या यह है। ¦ हाँ।', 'هل هذا؟ ¦ نعم.'],
  ['texts without punctuation', 'no punctuation at all here', 'ข้อความภาษาไทยไม่มีเครื่องหมาย', '12 apples 7 pears'],
  ['emoji', 'Great! ¦ 😀 Next. ¦ One 😀 more.'],
]

describe('sentences with', () => {
  for (const [what, ...texts] of CASES) {
    it.each(texts)(`${what}: %s`, (marked) => {
      expect(sentencesOf(marked.replaceAll(' ¦ ', ' ').replaceAll('¦', ''))).toEqual(marked.split(/ ?¦ ?/))
    })
  }
})

describe('lines', () => {
  const long = 'Everybody who carries a card may enter the reading room at any time'

  it.each(['- ', '1. ', '(2) ', 'b) ', '(c) ', 'd. ', 'iv. ', 'ii) '])(
    'that begin with %j begin a sentence',
    (marker) => {
      expect(sentencesOf(`${long}\n${marker}${long}`)).toEqual([long, `${marker}${long}`])
    },
  )

  it.each(['z. B. montags und an allen Tagen', 'in the morning', 'Monday to Friday', 'vi is an editor'])(
    'that begin with %j go on with one that is wrapped',
    (rest) => {
      expect(sentencesOf(`${long}\n${rest}`)).toEqual([`${long}\n${rest}`])
    },
  )
})
