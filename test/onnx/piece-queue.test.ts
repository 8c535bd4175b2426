import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PieceQueue, type Priority } from '../../src/onnx/piece-queue.js'

/** Doubles numbers; a number costs itself. Records what it was given, and waits for a turn of the event loop each time. */
function doubling(workers: number, maxPieceCost: number) {
  const pieces: { piece: number[]; priority: Priority }[] = []
  const work = async (piece: readonly number[], priority: Priority) => {
    pieces.push({ piece: [...piece], priority })
    await nextTurn()
    if (piece.includes(13)) throw new Error('thirteen')
    return piece.map((value) => 2 * value)
  }
  const queue = new PieceQueue<number, number>({
    workers: Array.from({ length: workers }, () => work),
    cost: (value) => value,
    maxPieceCost,
  })
  return { queue, pieces }
}

test('every input gets its own output, whatever the pieces and the number of workers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 14, max: 99 }), { maxLength: 20 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 200 }),
      async (requests, workers, maxPieceCost) => {
        const { queue, pieces } = doubling(workers, maxPieceCost)
        const results = await Promise.all(
          requests.map((inputs, index) => queue.run(inputs, { priority: index % 2 ? 'bulk' : 'interactive' })),
        )
        expect(results).toEqual(requests.map((inputs) => inputs.map((value) => 2 * value)))
        for (const { piece } of pieces) {
          const cost = piece.reduce((sum, value) => sum + value, 0)
          expect(piece.length === 1 || cost <= maxPieceCost).toBe(true)
        }
      },
    ),
  )
})

test('an interactive request goes before the rest of a bulk one', async () => {
  const { queue, pieces } = doubling(1, 1)
  const done: string[] = []
  const bulk = queue.run([1, 1, 1, 1, 1], { priority: 'bulk' }).then(() => done.push('bulk'))
  const asked = queue.run([1], { priority: 'interactive' }).then(() => done.push('interactive'))
  await Promise.all([bulk, asked])
  expect(done).toEqual(['interactive', 'bulk'])
  expect(pieces.map(({ priority }) => priority)).toEqual(['bulk', 'interactive', 'bulk', 'bulk', 'bulk', 'bulk'])
})

test('bulk requests take turns, so that a short one does not wait for a long one', async () => {
  const { queue } = doubling(1, 1)
  const done: string[] = []
  const long = queue.run([1, 1, 1, 1, 1, 1], { priority: 'bulk' }).then(() => done.push('long'))
  const short = queue.run([1, 1], { priority: 'bulk' }).then(() => done.push('short'))
  await Promise.all([long, short])
  expect(done).toEqual(['short', 'long'])
})

test('a worker that throws fails its request and no other', async () => {
  const { queue, pieces } = doubling(1, 1)
  const failing = queue.run([1, 13, 1, 1])
  const other = queue.run([1, 1])
  await expect(failing).rejects.toThrow('thirteen')
  await expect(other).resolves.toEqual([2, 2])
  // Of the failed request nothing ran after the failure.
  expect(pieces).toHaveLength(4)
})

test('an aborted request is dropped where it stands', async () => {
  const { queue, pieces } = doubling(1, 1)
  const controller = new AbortController()
  const progress: number[] = []
  const run = queue.run([1, 1, 1, 1], {
    signal: controller.signal,
    onProgress: (done) => {
      progress.push(done)
      if (done === 2) controller.abort()
    },
  })
  await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
  await expect(queue.run([1], { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  await queue.run([1])
  expect(progress).toEqual([1, 2])
  expect(pieces.length).toBeLessThanOrEqual(4)
})

test('a closed queue rejects what waits and what comes', async () => {
  const { queue } = doubling(1, 1)
  const running = queue.run([1, 1])
  const waiting = queue.run([1])
  queue.close()
  for (const request of [running, waiting, queue.run([1])]) await expect(request).rejects.toThrow(/asked to end/)
})
