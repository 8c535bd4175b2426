import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Promotion } from '../../src/domain.js'
import { createLogger } from '../../src/log.js'
import { Models, servedInOrder } from '../../src/registry/models.js'
import { Registry } from '../../src/registry/registry.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { createVersion, type Folder, scratchFolder } from './seed.js'

const log = createLogger('silent')

describe('the model that serves', () => {
  let scratch: Folder
  let store: SqliteStore
  let registry: Registry
  let models: Models

  beforeEach(async () => {
    scratch = await scratchFolder()
    store = await SqliteStore.open({ path: join(scratch.path, 'docent.sqlite'), log })
    registry = new Registry({ modelsDir: join(scratch.path, 'models') })
    models = new Models({ registry, store, log })
    await createVersion(registry, 'a', { createdAt: '2026-01-01T00:00:00.000Z' })
    await createVersion(registry, 'b', { origin: 'TRAINED', parent: 'a', createdAt: '2026-01-02T00:00:00.000Z' })
    await createVersion(registry, 'c', { origin: 'TRAINED', parent: 'a', createdAt: '2026-01-03T00:00:00.000Z' })
  })
  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    await scratch[Symbol.asyncDispose]()
  })

  const manual = { kind: 'MANUAL', reason: 'because' } as const
  const current = async () => (await models.current()).id
  const kinds = async () =>
    (await store.reader.promotions.history()).map(({ kind, modelVersion }) => `${kind} ${modelVersion}`)

  it('is the newest bundled version at first, once, however many ask', async () => {
    expect((await Promise.all([models.current(), models.current()])).map(({ id }) => id)).toEqual(['a', 'a'])
    expect(await kinds()).toEqual(['INITIAL a'])
  })

  it('tells nobody of the first version: who asked for it may be waiting for it', async () => {
    models.onPromoted(() => Promise.reject(new Error('told')))
    expect(await current()).toBe('a')
  })

  it('says what to do when there is none', async () => {
    await rm(registry.readersDir, { recursive: true })
    await expect(models.current()).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('setup'),
    })
  })

  it('changes with a promotion, which is recorded with its reason, and listeners are told after', async () => {
    await models.current()
    const told: string[] = []
    const end = models.onPromoted(async ({ id }) => {
      told.push(`${id}, row ${(await store.reader.promotions.current())?.modelVersion}`)
    })
    await models.promote('b', { kind: 'GATE', reason: 'F1 rose from 60 to 70' })
    expect(await current()).toBe('b')
    expect(await store.reader.promotions.current()).toMatchObject({ kind: 'GATE', reason: 'F1 rose from 60 to 70' })
    end()
    await models.promote('c', manual)
    expect(told).toEqual(['b, row b'])
  })

  it('leaves the version that is current already as it is, without a second record', async () => {
    await models.current()
    await models.promote('b', manual)
    await models.promote('b', manual)
    expect(await kinds()).toEqual(['MANUAL b', 'INITIAL a'])
  })

  it('stays when the folder of the other is damaged or missing', async () => {
    await models.current()
    await writeFile(join(registry.readersDir, 'b', 'model.safetensors'), 'something else')
    await expect(models.promote('b', manual)).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
    await expect(models.promote('none', manual)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
    expect(await current()).toBe('a')
    expect(await kinds()).toEqual(['INITIAL a'])
  })

  it('is looked through once by each process, and a damaged one can be left', async () => {
    await models.current()
    await models.promote('b', manual)
    await writeFile(join(registry.readersDir, 'b', 'model.safetensors'), 'something else')
    const restarted = new Models({ registry, store, log })
    await expect(restarted.current()).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
    expect((await restarted.rollback('damaged')).id).toBe('a')
    expect((await restarted.current()).id).toBe('a')
  })

  it('goes back step by step, and no further than the first', async () => {
    await models.current()
    await models.promote('b', manual)
    await models.promote('c', manual)
    expect((await models.rollback('worse')).id).toBe('b')
    expect((await models.rollback('worse still')).id).toBe('a')
    await expect(models.rollback('more')).rejects.toMatchObject({ code: 'NOTHING_TO_ROLL_BACK' })
    expect(await kinds()).toEqual(['ROLLBACK a', 'ROLLBACK b', 'MANUAL c', 'MANUAL b', 'INITIAL a'])
    await models.promote('c', manual)
    expect((await models.rollback('again')).id).toBe('a')
  })

  it('goes back when the new version cannot be put to service, and says so in the record', async () => {
    await models.current()
    models.onPromoted(({ id }) => {
      if (id === 'b') throw new Error('the session did not start')
    })
    await expect(models.promote('b', manual)).rejects.toThrow('the session did not start')
    expect(await current()).toBe('a')
    expect((await store.reader.promotions.current())?.reason).toMatch(/b could not be put to service: the session/)
    await expect(models.rollback('now')).rejects.toMatchObject({ code: 'NOTHING_TO_ROLL_BACK' })
  })

  it('is one after another when two promote at once', async () => {
    await models.current()
    await Promise.all([models.promote('b', manual), models.promote('c', manual)])
    expect(await kinds()).toEqual(['MANUAL c', 'MANUAL b', 'INITIAL a'])
  })
})

describe('the order of versions that served', () => {
  it('is that of a stack on which promotions push and rollbacks pop', () => {
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'back'), { maxLength: 30 })
    fc.assert(
      fc.property(steps, (drawn) => {
        const stack = ['first']
        const history: Promotion[] = []
        const append = (kind: Promotion['kind'], modelVersion: string) =>
          history.unshift({ id: history.length, kind, modelVersion, reason: '', createdAt: new Date() })
        append('INITIAL', 'first')
        for (const step of drawn) {
          if (step === 'back') {
            if (stack.length < 2) continue
            stack.pop()
            append('ROLLBACK', stack.at(-1) as string)
          } else if (step !== stack.at(-1)) {
            stack.push(step)
            append('MANUAL', step)
          }
        }
        expect(servedInOrder(history)).toEqual(stack.toReversed())
      }),
    )
  })
})
