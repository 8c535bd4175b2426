import { expect, test } from 'vitest'
import { type Block, canonicalDocument } from '../../src/ingest/canonical-text.js'
import { detectLanguage, mergedMetadata, withLanguage } from '../../src/ingest/language.js'
import { SENTENCES } from './parse/encoding/encoded-sentences.js'

const PLAIN: Readonly<Record<string, string>> = {
  en: 'Employees may work from home for up to three days a week. Whoever wants to do so agrees it with the team lead beforehand, in writing.',
  it: 'I dipendenti possono lavorare da casa fino a tre giorni alla settimana. Chi desidera farlo si accorda prima per iscritto con il responsabile.',
  nl: 'Medewerkers mogen tot drie dagen per week thuis werken. Wie dat wil, spreekt het vooraf schriftelijk af met de leidinggevende van het team.',
  sv: 'Anställda får arbeta hemifrån upp till tre dagar i veckan. Den som vill göra det kommer överens skriftligt med sin chef i förväg.',
  pt: 'Os funcionários podem trabalhar em casa até três dias por semana. Quem quiser fazê-lo deve combinar antes, por escrito, com a chefia da equipa.',
  da: 'Medarbejdere må arbejde hjemmefra op til tre dage om ugen. Den, der ønsker det, aftaler det skriftligt med sin leder på forhånd.',
  fi: 'Työntekijät saavat tehdä etätöitä enintään kolmena päivänä viikossa. Siitä on sovittava etukäteen kirjallisesti oman esihenkilön kanssa.',
  hu: 'A munkavállalók hetente legfeljebb három napot dolgozhatnak otthonról. Aki ezt szeretné, előzetesen írásban egyeztet a vezetőjével.',
}
const { en, it: italian, nl } = PLAIN as Record<'en' | 'it' | 'nl', string>
const { zt, ...others } = SENTENCES
const KNOWN = [...Object.entries({ ...PLAIN, ...others }), ['zh', zt] as const]

test.each(KNOWN)('%s is recognised from two sentences', async (code, text) => {
  expect(await detectLanguage(text)).toBe(code)
})

test.each([
  ['nothing', ''],
  ['a few words', 'The office is closed.'],
  ['numbers', '12.5 300 7,000 18 2026-01-01 99.9 %\n'.repeat(40)],
  ['names of things', 'BCM-4432 / XK-22 / QZ_19\nRTX-90 / VLAN_7 / DNS-1\n'.repeat(10)],
  ['two languages', `${en} ${italian} ${nl}`.repeat(3)],
  [
    'a language that the detector does not know',
    'Caiff gweithwyr weithio gartref am hyd at dri diwrnod yr wythnos. '.repeat(3),
  ],
  [
    'Indonesian, which it takes for Malay',
    'Karyawan boleh bekerja dari rumah sampai tiga hari dalam seminggu. '.repeat(3),
  ],
])('%s: no language', async (_, text) => {
  expect(await detectLanguage(text)).toBeNull()
})

test('a few foreign words make no other language, and only the beginning of a book is read', async () => {
  expect(await detectLanguage(`${`${en} `.repeat(6)}Vive la République et vive la France!`)).toBe('en')
  expect(await detectLanguage(`${en} `.repeat(80) + `${italian} `.repeat(1000))).toBe('en')
})

const documentOf = (...blocks: Block[]) => canonicalDocument(blocks)

test('what the file says outranks what its text looks like, by either name of the key', async () => {
  const document = documentOf({ text: en })
  expect(await withLanguage({ title: 'Home' }, document)).toEqual({
    ...{ title: 'Home', language: 'en', languageDetected: true },
  })
  expect(await withLanguage({ language: 'de-AT' }, document)).toEqual({ language: 'de-AT' })
  expect(await withLanguage({ lang: 'fr' }, document)).toEqual({ lang: 'fr', language: 'fr' })
  expect(await withLanguage({ language: '' }, document)).toEqual({ language: 'en', languageDetected: true })
  expect(await withLanguage({}, documentOf({ text: 'Hello.' }))).toEqual({})
})

test('code says nothing of the language of the text around it', async () => {
  const code = 'export function main(): void { return console.log("hello to the whole of the world") }\n'.repeat(20)
  const document = documentOf({ text: code, kind: 'code' }, { text: italian })
  expect(await withLanguage({}, document)).toMatchObject({ language: 'it' })
  expect(await withLanguage({}, documentOf({ text: code, kind: 'code' }))).toEqual({})
})

test('what is given is not marked as detected', () => {
  const own = { author: 'Ann', language: 'en', languageDetected: true }
  expect(mergedMetadata(own, { tags: ['hr'] })).toEqual({ ...own, tags: ['hr'] })
  expect(mergedMetadata(own, { language: 'fr' })).toEqual({ author: 'Ann', language: 'fr' })
  expect(mergedMetadata(undefined, { language: 'fr' })).toEqual({ language: 'fr' })
})
