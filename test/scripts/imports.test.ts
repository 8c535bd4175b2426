import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'

const IMPORT = /^import \{([^}]*)\} from '([^']*\/dist\/[^']*)'/gm
const EXPORT = /^export (?:async )?(?:function\*?|const|let|class) (\w+)/gm
const EXPORT_LIST = /^export \{([^}]*)\}/gm

const names = (list: string): string[] => list.split(',').flatMap((item) => item.trim().split(/\s+as\s+/)[0] || [])

/** Scripts are no part of what the compiler checks, and most of them no test runs. */
test('every name that a script imports from the compiled product is exported there', async () => {
  const missing: string[] = []
  let count = 0
  const scripts = await readdir(join(packageRoot, 'scripts'), { recursive: true })
  for (const name of scripts.filter((file) => file.endsWith('.mjs'))) {
    const script = join(packageRoot, 'scripts', name)
    const source = await readFile(script, 'utf8')
    for (const [, list = '', path = ''] of source.matchAll(IMPORT)) {
      const compiled = await readFile(join(dirname(script), path), 'utf8')
      const exported = new Set([...compiled.matchAll(EXPORT)].map(([, name]) => name))
      for (const [, more = ''] of compiled.matchAll(EXPORT_LIST)) for (const name of names(more)) exported.add(name)
      for (const name of names(list)) {
        count++
        if (!exported.has(name)) missing.push(`${relative(packageRoot, script)}: ${name} of ${path}`)
      }
    }
  }
  expect(missing).toEqual([])
  expect(count).toBeGreaterThan(30)
})
