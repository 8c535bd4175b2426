import { describe, expect, test } from 'vitest'
import { countResults } from '../../scripts/lib/count-tests.mjs'

const file = (...states: string[]) => ({
  status: states.includes('failed') ? 'failed' : 'passed',
  assertionResults: states.map((status) => ({ status })),
})

describe('the count on the last line of npm test', () => {
  test('counts passed and failed tests over all files', () => {
    const report = { testResults: [file('passed', 'passed'), file('failed', 'passed')] }
    expect(countResults(report, 1)).toEqual({ passed: 3, failed: 1 })
  })

  test('counts a skipped test and one that is only announced as failed', () => {
    const report = { testResults: [file('passed', 'skipped', 'pending', 'todo')] }
    expect(countResults(report, 0)).toEqual({ passed: 1, failed: 3 })
  })

  test('counts a file that does not load as one failed test', () => {
    const report = { testResults: [file('passed'), { status: 'failed', assertionResults: [] }] }
    expect(countResults(report, 1)).toEqual({ passed: 1, failed: 1 })
  })

  test('counts a run that fails outside every test, or leaves no report, as failed', () => {
    expect(countResults({ testResults: [file('passed')] }, 1)).toEqual({ passed: 1, failed: 1 })
    expect(countResults(undefined, 1)).toEqual({ passed: 0, failed: 1 })
  })
})
