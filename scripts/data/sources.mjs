/** What the scripts that make resources/*-set.json share: the sources with their licences, orders by hash, the file's form. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseSquad, toSquad } from '../../dist/text/squad.js'

const SOURCES = {
  squad: {
    licence: 'CC BY-SA 4.0',
    attribution: 'SQuAD 1.1 and 2.0, Rajpurkar et al. 2016 and 2018; passages from Wikipedia',
  },
  'squadshifts-amazon': {
    licence: 'CC BY 4.0',
    attribution: 'SQuADShifts (Amazon reviews), Miller et al. 2020',
  },
  'squadshifts-reddit': {
    licence: 'CC BY 4.0',
    attribution: 'SQuADShifts (Reddit), Miller et al. 2020',
  },
  qamr: {
    licence: 'MIT',
    attribution: 'QAMR, Michael et al. 2018',
  },
}

export const hash = (text) => createHash('sha256').update(text).digest('hex')

/** Compares by the hash of what `keyOf` gives: an order that says nothing of what the questions are about. */
export const byHashOf = (keyOf) => (left, right) => compare(hash(keyOf(left)), hash(keyOf(right)))

const compare = (left, right) => (left < right ? -1 : Number(left > right))

/** Contexts in the order of their hash, the questions of each in the order of theirs. */
export function byPlace(left, right) {
  return byHashOf(({ context }) => context)(left, right) || byHashOf(({ id }) => id)(left, right)
}

/** The contexts that are kept aside, with the questions of them that the gate asks. */
export async function readGeneralSet() {
  const file = fileURLToPath(new URL('../../resources/general-set.json', import.meta.url))
  const set = JSON.parse(await readFile(file, 'utf8'))
  return { licence: set.licence, examples: parseSquad(set, file) }
}

/**
 * Reads each source, writes what `select` takes of its examples, and what of each was taken on the terminal.
 * @param script its name, for the usage line
 * @param args OUT.json NAME=FILE…
 * @param select (examples of a source, its name) to examples
 * @param changed what was done to them: the licences want that said
 */
export async function makeSet(script, [out, ...args], select, changed) {
  const files = args.map((argument) => argument.split('='))
  if (!out || files.length === 0 || files.some(([name, file]) => !SOURCES[name] || !file)) {
    throw new Error(`usage: ${script} OUT.json NAME=FILE…  with NAME of ${Object.keys(SOURCES).join(', ')}`)
  }
  const data = []
  for (const [name, file] of files) {
    const examples = select(parseSquad(JSON.parse(await readFile(file, 'utf8')), file), name)
    const unanswerable = examples.filter((example) => example.isImpossible).length
    console.error(`${name}: ${examples.length} questions, ${unanswerable} of them unanswerable`)
    const articles = toSquad(examples).data
    data.push(...articles.map((article) => ({ ...article, source: name, licence: SOURCES[name].licence })))
  }
  const sources = files.map(([name]) => ({ name, ...SOURCES[name] }))
  const licence = `Each article under the licence of its source: ${sources
    .map((source) => `${source.attribution} (${source.licence})`)
    .join('; ')}. Changed: ${changed}.`
  await writeFile(out, `${JSON.stringify({ version: 'v2.0', licence, sources, data }, null, 1)}\n`)
}
