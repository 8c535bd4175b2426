import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { requireUnseen } from '../../src/evaluate/trained-on.js'
import { Registry } from '../../src/registry/registry.js'
import { type SquadExample, toSquad } from '../../src/text/squad.js'
import { createVersion, type Folder, scratchFolder } from '../registry/seed.js'

let scratch: Folder
let registry: Registry
beforeEach(async () => {
  scratch = await scratchFolder()
  registry = new Registry({ modelsDir: scratch.path })
})
afterEach(() => scratch[Symbol.asyncDispose]())

const example = (id: string, context: string): SquadExample => {
  return { id, title: '', question: 'Which?', context, answers: [{ text: 'house', start: 4 }], isImpossible: false }
}
const HASHES = ['a'.repeat(64), 'b'.repeat(64)] as const

it('a reader is not asked about what it, or a version before it, was trained on', async () => {
  const datasetsDir = join(scratch.path, 'datasets')
  for (const [index, hash] of HASHES.entries()) {
    await mkdir(join(datasetsDir, hash), { recursive: true })
    const learnt = toSquad([example('x', `The house number ${index}.`)])
    await writeFile(join(datasetsDir, hash, 'train.json'), JSON.stringify(learnt))
  }
  const replayPath = join(scratch.path, 'replay.json')
  await writeFile(replayPath, JSON.stringify(toSquad([example('x', 'Old house of the bundled reader.')])))
  const bundled = await createVersion(registry, 'bundled-1')
  const first = await createVersion(registry, 'first', {
    origin: 'TRAINED',
    parent: 'bundled-1',
    datasetHash: HASHES[0],
  })
  const second = await createVersion(registry, 'second', {
    origin: 'TRAINED',
    parent: 'first',
    datasetHash: HASHES[1],
  })
  const options = { registry, datasetsDir, replayPath }
  const unseen = example('u', 'New house.')
  const ofFirst = example('q', 'the HOUSE number 0')
  const ofSecond = example('r', 'The house number 1.')
  const ofBundled = example('s', 'Old house of the bundled reader.')

  const refused = {
    code: 'EVALUATION_LEAK',
    message: expect.stringMatching(/^1 of 2 questions .* second was trained on/),
  }
  for (const seen of [ofFirst, ofSecond, ofBundled]) {
    await expect(requireUnseen(second, [unseen, seen], options)).rejects.toMatchObject(refused)
  }
  await requireUnseen(second, [unseen], options)
  await requireUnseen(first, [ofSecond], options)
  await requireUnseen(bundled, [ofFirst, ofSecond], options)
  // Its parent is gone: what is left is still looked at.
  const orphan = await createVersion(registry, 'orphan', { parent: 'none', origin: 'TRAINED', datasetHash: HASHES[1] })
  await requireUnseen(orphan, [ofFirst], options)
  await expect(requireUnseen(orphan, [ofSecond], options)).rejects.toMatchObject({ code: 'EVALUATION_LEAK' })
})
