import { expect, test } from 'vitest'
import { Schedule } from '../../src/train/schedule.js'

const settings = { learningRate: 1, warmupRatio: 0.1, batchSize: 4, epochs: 2, maxSteps: null, maxMinutes: null }

test('a run has the steps of its epochs, or fewer on request', () => {
  expect(new Schedule(41, settings).totalSteps(0, 0)).toBe(22)
  expect(new Schedule(41, { ...settings, maxSteps: 5 }).totalSteps(0, 0)).toBe(5)
})

test('the rate rises to its peak in the warm-up and falls to zero at the end', () => {
  const schedule = new Schedule(200, settings) // 100 steps
  const rates = Array.from({ length: 100 }, (_, step) => schedule.learningRate(schedule.progress(step, 0)))
  expect(rates[0]).toBeCloseTo(0.1)
  expect(rates[9]).toBeCloseTo(1)
  expect(Math.max(...rates)).toBeCloseTo(1)
  expect(rates[99]).toBeCloseTo(1 / 90)
  expect(schedule.learningRate(1)).toBe(0)
})

test('the clock ends a run that steps would not have ended, with a rate of zero', () => {
  const schedule = new Schedule(200, { ...settings, maxMinutes: 1 })
  expect(schedule.progress(10, 30_000)).toBe(0.5)
  expect(schedule.totalSteps(10, 0.5)).toBe(20)
  expect(schedule.progress(10, 61_000)).toBe(1)
  expect(schedule.progress(60, 30_000)).toBe(0.6)
})
