import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOMS, roomOverrides } from '../scripts/rooms.mjs'
import { packageRoot } from '../src/child.js'

const FORBIDDEN = {
  'src/text/a.ts': "import { x } from '../answer/answer.js'",
  'src/text/b.ts': "import type { x } from '../store/store.js'",
  'src/text/c.ts': "export { x } from '../cli/main.js'",
  'src/text/d.ts': "export const x = await import('../app.js')",
  'src/index/hnsw/a.ts': "import { x } from '../../retrieve/retrieve.js'",
  'src/server/a.ts': "import { x } from '../app.js'",
  'src/ingest/parse/pdf/a.ts': "import { x } from '../../../answer/answering.js'",
  'src/domain/a.ts': "import type { x } from '../store/store.js'",
  'src/config.ts': "import { x } from './text/tokenizer.js'",
  'src/app.ts': "import { x } from './cli/main.js'",
  'src/read/a.ts': "import * as x from 'onnxruntime-node'",
  'src/jobs/a.ts': "import * as x from '@tensorflow/tfjs-node'",
  'src/onnx/a.ts': "import * as x from '@tensorflow/tfjs-node'",
  'src/train/a.ts': "import * as x from 'onnxruntime-node'",
  'src/errors.ts': "import * as x from '@tensorflow/tfjs-node'",
}

const ALLOWED = {
  'src/text/e.ts': "import { x } from './windows.js'",
  'src/index/hnsw/b.ts': "import { x } from '../../text/tokenizer.js'",
  'src/domain/b.ts': "import type { x } from '../errors.js'",
  'src/onnx/b.ts': "import * as x from 'onnxruntime-node'",
  'src/train/b.ts': "import * as x from '@tensorflow/tfjs-node'",
  'src/app.ts': "import { x } from './server/server.js'",
  'src/cli/a.ts': "import { x } from '../app.js'",
  'src/store/a.ts': "import { x } from 'graphql/language/index.js'",
}

describe('the room rule', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docent-rooms-'))
    await writeFile(join(folder, 'biome.json'), await readFile(join(packageRoot, 'biome.json')))
    await symlink(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('every violation fails the linter', async () => {
    expect(await filesThatFail(folder, FORBIDDEN)).toEqual(Object.keys(FORBIDDEN).sort())
  })

  test('what a room may import passes', async () => {
    expect(await filesThatFail(folder, ALLOWED)).toEqual([])
  })

  test('every folder of src/ is a room, but for the words above them', async () => {
    const folders = (await readdir(join(packageRoot, 'src'), { withFileTypes: true })).filter((it) => it.isDirectory())
    for (const { name } of folders) expect(['domain', ...ROOMS]).toContain(name)
  })

  test('biome.json has the rule as scripts/rooms.mjs writes it', async () => {
    const config = JSON.parse(await readFile(join(packageRoot, 'biome.json'), 'utf8'))
    expect(config.overrides).toEqual(roomOverrides())
  })
})

/** Lints a tree of these files only, and names those that the room rule is broken in. */
async function filesThatFail(folder: string, files: Record<string, string>): Promise<string[]> {
  await rm(join(folder, 'src'), { recursive: true, force: true })
  for (const [file, line] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), `${line}\n`)
  }
  const biome = join(packageRoot, 'node_modules/@biomejs/biome/bin/biome')
  expect(existsSync(biome)).toBe(true)
  const args = [biome, 'lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', 'src']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch((failure) => failure)
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { location: { path: string | { file: string } } }[] }
  const paths = diagnostics.map(({ location: { path } }) => (typeof path === 'string' ? path : path.file))
  return [...new Set(paths)].sort()
}
