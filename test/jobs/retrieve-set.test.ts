import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { readRetrievedSet } from '../../src/evaluate/retrieved-set.js'
import { RETRIEVED_SET_FILE } from '../../src/jobs/calibrate.js'
import { retrieveGeneralSet } from '../../src/jobs/retrieve-set.js'
import { createLogger } from '../../src/log.js'
import { Embedders } from '../../src/registry/embedders.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'

const log = createLogger('silent')

test('the embedder of the set that ships finds again what that set has', { timeout: 400_000 }, async () => {
  const shipped = await readRetrievedSet(RETRIEVED_SET_FILE)
  const folder = await mkdtemp(join(tmpdir(), 'docent-retrieve-set-'))
  await using store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  const embedders = new Embedders({ modelsDir: join(packageRoot, 'models') })
  const signal = new AbortController().signal
  const stages = new Set<string>()
  const progress = async (_: number, __: number, stage: string) => void stages.add(stage)
  const parts = { store, embedders, indexDir: folder, log }
  const found = await retrieveGeneralSet(shipped.embedder, parts, { signal, progress, log })
  expect(found.contexts).toEqual(shipped.contexts)
  expect(found.questions.map(({ question, golds }) => [question, golds])).toEqual(
    shipped.questions.map(({ question, golds }) => [question, golds]),
  )
  // Graphs of other releases of the exporter move a similarity by a little, and so swap a passage here and there.
  const places = (questions: typeof found.questions) =>
    questions.flatMap(({ passages }, at) =>
      passages.map(({ context, start, end }) => `${at} ${context} ${start} ${end}`),
    )
  const known = new Set(places(shipped.questions))
  const again = places(found.questions)
  expect(again.filter((place) => known.has(place)).length).toBeGreaterThan(0.97 * known.size)
  expect([...stages]).toEqual(['retrieving'])
  await rm(folder, { recursive: true, force: true })
})
