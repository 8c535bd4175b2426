import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { docent, type Folders, makeFolders, PROGRAM } from '../support/start-server.js'
import { alterInt8Canary, alterManifest } from '../support/tiny-models.js'

let folders: Folders

beforeAll(async () => {
  folders = await makeFolders()
})
afterAll(() => folders?.remove())

interface Report {
  readonly ok: boolean
  readonly checks: { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

async function doctor(changes: Record<string, string> = {}, program = PROGRAM) {
  const { status, stdout } = await docent(['doctor', '--json'], { ...folders.environment, ...changes }, program)
  const { ok, checks } = JSON.parse(stdout) as Report
  return { status, ok, checks, failed: checks.filter((check) => !check.ok) }
}

test('doctor finds that all is well, training included', async () => {
  const { status, ok, failed, checks } = await doctor()
  expect({ status, ok, failed }).toEqual({ status: 0, ok: true, failed: [] })
  expect(checks).toContainEqual(expect.objectContaining({ name: 'training', detail: 'tfjs-node loads and computes' }))
})

test('doctor says in which form readers serve on this machine, and why', async () => {
  const formOf = async (changes: Record<string, string> = {}) => {
    const { checks } = await doctor(changes)
    return checks.find(({ name }) => name === 'reader forms')
  }
  expect(await formOf()).toMatchObject({ ok: true, detail: 'tiny-1 serves in int8' })
  await alterManifest(join(folders.folder, 'models/reader/tiny-1'), alterInt8Canary)
  expect(await formOf()).toMatchObject({ ok: true, detail: 'tiny-1 serves in fp32' })
  expect(await formOf({ DOCENT_READER_FORM: 'int8' })).toMatchObject({
    ok: false,
    detail: expect.stringContaining('tiny-1 cannot serve on this machine: its int8 canary is off by 5.00'),
  })
})

test('doctor finds a folder that is none', async () => {
  const file = join(folders.folder, 'a file')
  await writeFile(file, '')
  expect(await doctor({ DOCENT_INDEX_DIR: file })).toMatchObject({
    status: 1,
    ok: false,
    failed: [{ name: 'indexes' }],
  })
})

test('doctor says why set-up could not make training available', async () => {
  const bare = await installWithout('@tensorflow')
  await mkdir(join(bare, '.setup'))
  await writeFile(join(bare, '.setup/training-unavailable.txt'), 'There is no libtensorflow for this machine.\n')
  const { status, failed } = await doctor({}, join(bare, 'dist/cli/main.js'))
  expect({ status, failed }).toMatchObject({
    status: 1,
    failed: [
      {
        name: 'training',
        detail: 'tfjs-node cannot be loaded: There is no libtensorflow for this machine.',
        error: { code: 'TRAINING_UNAVAILABLE' },
      },
    ],
  })
})

/** This package with all that is installed but one scope. */
async function installWithout(scope: string): Promise<string> {
  const bare = join(folders.folder, 'bare')
  await mkdir(join(bare, 'node_modules'), { recursive: true })
  await cp(join(packageRoot, 'dist'), join(bare, 'dist'), { recursive: true })
  await cp(join(packageRoot, 'package.json'), join(bare, 'package.json'))
  for (const name of await readdir(join(packageRoot, 'node_modules'))) {
    if (name !== scope) await symlink(join(packageRoot, 'node_modules', name), join(bare, 'node_modules', name))
  }
  return bare
}
