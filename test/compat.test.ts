import { expect, test } from 'vitest'
import { packageRoot } from '../src/child.js'
import { Registry } from '../src/registry/registry.js'

const registry = new Registry({ modelsDir: `${packageRoot}test/compat` })

test('a version of manifest format 1 opens: its one canary window is a batch, and int8 its only form', async () => {
  const { manifest } = await registry.get('format-1')
  expect(manifest.formatVersion).toBe(1)
  expect(Object.keys(manifest.forms)).toEqual(['int8'])
  expect(manifest.forms.int8?.canary).toEqual([
    { inputIds: [1, 2], tokenTypeIds: [0, 1], startLogits: [0.5, 1], endLogits: [1, -2.25] },
  ])
  await registry.verify('format-1')
})
