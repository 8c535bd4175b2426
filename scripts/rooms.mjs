/**
 * The room rule (docs/architecture.md): a room imports itself and the rooms above it, nothing below. This writes it into
 * biome.json as `noRestrictedImports`; test/rooms.test.ts keeps the two equal. Run it after adding a room.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** In the order data flows. `app.ts` is the composition root; the commands start it. */
export const ROOMS = [
  'text',
  'store',
  'registry',
  'onnx',
  'ingest',
  'embed',
  'index',
  'retrieve',
  'read',
  'answer',
  'feedback',
  'evaluate',
  'train',
  'jobs',
  'graphql',
  'server',
  'app.ts',
  'cli',
]

/** Runtimes that block or crash: each is imported by the one room that runs it in a process of its own. */
const RUNTIMES = [
  { room: 'onnx', packages: ['onnxruntime-node', 'onnxruntime-node/**'] },
  { room: 'train', packages: ['@tensorflow/**'] },
]

/** The overrides of biome.json: one for the files that stand above all rooms, one per room. */
export function roomOverrides() {
  return [
    override('src/*.ts', -1),
    override('src/domain/**', -1),
    ...ROOMS.map((room, index) => override(filesOf(room), index)),
  ]
}

function filesOf(room) {
  return room.endsWith('.ts') ? `src/${room}` : `src/${room}/**`
}

function override(includes, index) {
  const below = ROOMS.slice(index + 1)
  const patterns = []
  if (below.length > 0) {
    const message = `${index < 0 ? 'A file above the rooms' : ROOMS[index]} may not import a room below it (scripts/rooms.mjs).`
    patterns.push({
      group: below.flatMap((room) => pathsTo(room, includes.endsWith('.ts') ? ['./'] : ['../', '../../', '../../../'])),
      message,
    })
  }
  for (const { room, packages } of RUNTIMES) {
    if (room !== ROOMS[index]) patterns.push({ group: packages, message: `Only src/${room} imports this package.` })
  }
  const rule = { level: 'error', options: { patterns } }
  return { includes: [includes], linter: { rules: { style: { noRestrictedImports: rule } } } }
}

/** As files above the rooms, in a room, or in a folder of a room, or of such a folder, write the import. */
function pathsTo(room, prefixes) {
  const target = room.endsWith('.ts') ? room.replace(/\.ts$/, '.js') : `${room}/**`
  return prefixes.map((prefix) => `${prefix}${target}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../biome.json', import.meta.url))
  const config = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, `${JSON.stringify({ ...config, overrides: roomOverrides() }, null, 2)}\n`)
}
