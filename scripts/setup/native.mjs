/** Step 3: the two addons that come as sources. */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addonKey, keepAddon, loads, restoreAddon } from './addons.mjs'
import { CommandFailure, runCommand } from './command.mjs'
import { findNodeGyp, gypEnvironment } from './npm.mjs'
import { explainFailure, SetupProblem } from './problem.mjs'
import { readStamp, writeStamp } from './stamps.mjs'

/**
 * `prebuilt`: the package's own way to a compiled file, from a host that closed networks do not reach.
 * `include`: a header of this folder that every source sees first.
 */
const ADDONS = [
  { name: 'hnswlib-node', file: 'build/Release/addon.node' },
  {
    name: 'better-sqlite3',
    file: 'build/Release/better_sqlite3.node',
    prebuilt: 'prebuild-install/bin.js',
    include: 'object-wrap.h',
  },
]
const PREBUILT_PATIENCE_MS = 20_000

export const nativeStep = {
  isDone: (context) =>
    readStamp(context, 'native')?.keys === currentKeys(context) && ADDONS.every((addon) => isBuilt(context, addon)),
  run: async (context) => {
    await Promise.all(ADDONS.map((addon) => provideAddon(context, addon)))
    writeStamp(context, 'native', { keys: currentKeys(context) })
  },
}

function currentKeys(context) {
  return ADDONS.map(({ name }) => addonKey(context, name)).join(' ')
}

function isBuilt(context, { name, file }) {
  return existsSync(join(context.root, 'node_modules', name, file))
}

async function provideAddon(context, addon) {
  if (await restoreAddon(context, addon.name, addon.file)) return
  if (!(await fetchPrebuilt(context, addon))) await compile(context, addon)
  if (!(await loads(context, addon.name, addon.file))) {
    throw new SetupProblem(`${addon.name} was compiled and does not load.`, `.setup/logs/load-${addon.name}.log`)
  }
  keepAddon(context, addon.name, addon.file)
}

async function fetchPrebuilt(context, { name, file, prebuilt }) {
  if (!prebuilt) return false
  try {
    await runCommand(context, name, process.execPath, [join(context.root, 'node_modules', prebuilt)], {
      cwd: join(context.root, 'node_modules', name),
      progress: () => 0,
      patienceMs: PREBUILT_PATIENCE_MS,
    })
  } catch (error) {
    if (error instanceof CommandFailure) return false
    throw error
  }
  return loads(context, name, file)
}

async function compile(context, { name, include }) {
  const jobs = Math.max(1, availableParallelism())
  try {
    await runCommand(context, name, process.execPath, [findNodeGyp(), 'rebuild', '--release', `--jobs=${jobs}`], {
      cwd: join(context.root, 'node_modules', name),
      env: { ...gypEnvironment(context), ...(include && { CXXFLAGS: including(include) }) },
    })
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw explainFailure(context, `Compiling ${name}`, error)
  }
}

function including(header) {
  const path = fileURLToPath(new URL(header, import.meta.url))
  return `${process.env.CXXFLAGS ?? ''} -include '${path}'`
}
