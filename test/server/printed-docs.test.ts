import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { describeVariables, printEnvironment, printErrors, printSettings } from '../../scripts/print-docs.mjs'
import { packageRoot } from '../../src/child.js'
import { VARIABLES } from '../../src/config.js'
import { ERROR_TABLE } from '../../src/errors.js'
import { describeSettings } from '../../src/train/settings.js'

test('docs/errors.md is the error table (npm run docs)', async () => {
  expect(await readFile(`${packageRoot}docs/errors.md`, 'utf8')).toBe(printErrors(ERROR_TABLE))
})

test('.env.example has every variable with its default and meaning (npm run docs)', async () => {
  expect(await readFile(`${packageRoot}.env.example`, 'utf8')).toBe(printEnvironment(describeVariables(VARIABLES)))
})

test('docs/training-settings.md has every setting with its range and effect (npm run docs)', async () => {
  expect(await readFile(`${packageRoot}docs/training-settings.md`, 'utf8')).toBe(printSettings(describeSettings()))
})
