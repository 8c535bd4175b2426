import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Lazy, LazyUntilIdle } from '../src/lazy.js'

/** Resources that know whether they live. */
function factory() {
  const made: { alive: boolean; [Symbol.asyncDispose](): Promise<void> }[] = []
  const start = async () => {
    const resource = {
      alive: true,
      [Symbol.asyncDispose]: async () => {
        await wait(1)
        resource.alive = false
      },
    }
    made.push(resource)
    return resource
  }
  return { made, start }
}

test('a failed start is tried again by the next one who asks', async () => {
  const { start, made } = factory()
  let broken = true
  await using lazy = new Lazy(() => (broken ? Promise.reject(new Error('not yet')) : start()))
  await expect(lazy.get()).rejects.toThrow('not yet')
  broken = false
  expect(await lazy.get()).toBe(made[0])
})

test('what nobody uses any more ends, and starts again for the next user', async () => {
  const { start, made } = factory()
  await using lazy = new LazyUntilIdle(start, { idleMs: 5 })
  expect(made).toEqual([])
  const alive = () => lazy.use(async (resource) => resource.alive)
  expect(await alive()).toBe(true)
  while (made[0]?.alive) await wait(1)
  expect(await alive()).toBe(true)
  expect(made).toHaveLength(2)
})

test('it lives as long as anybody uses it, and a user who comes while it ends gets a living one', async () => {
  const { start, made } = factory()
  const lazy = new LazyUntilIdle(start, { idleMs: 0 })
  const whole = lazy.use(async (resource) => {
    for (let turn = 0; turn < 5; turn++) {
      await wait(1)
      expect(await lazy.use(async (same) => same === resource && same.alive)).toBe(true)
    }
  })
  await whole
  for (let turn = 0; turn < 20; turn++) {
    await wait(turn % 3)
    expect(await lazy.use(async ({ alive }) => alive)).toBe(true)
  }
  await lazy[Symbol.asyncDispose]()
  expect(made.every(({ alive }) => !alive)).toBe(true)
})
