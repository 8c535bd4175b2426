/**
 * Step 4: tfjs-node, which only training needs. Its own installer fetches libtensorflow from a host that closed networks do
 * not reach; then it comes out of TensorFlow's Python wheel (docs/decisions/0002-tfjs-node-set-up.md). The library lies in
 * .setup/libtensorflow and the package's `deps` is a link to it, so that `npm ci` does not cost it again.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { addonKey, keepAddon, loads, restoreAddon } from './addons.mjs'
import { CommandFailure, runCommand } from './command.mjs'
import { bytesUnder } from './disk.mjs'
import { gypEnvironment } from './npm.mjs'
import { fetchWheel, unpackWheel } from './pip.mjs'
import { explainFailure, SetupProblem } from './problem.mjs'
import { readStamp, writeFileWhole, writeStamp } from './stamps.mjs'

const NAME = '@tensorflow/tfjs-node'
const LOG = 'tfjs-node'
const INSTALLER_PATIENCE_MS = 20_000

/** Always the wheel for one Python release, whichever runs here: nothing of Python is used but the unpacking. */
const WHEELS = {
  'linux-x64': {
    name: 'tensorflow-cpu',
    version: '2.21.0',
    python: '3.11',
    platform: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  },
  'linux-arm64': {
    name: 'tensorflow',
    version: '2.21.0',
    python: '3.11',
    platform: 'manylinux_2_27_aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
  },
}
/** The two libraries, and of 13,000 headers the folders that the binding includes from. */
const MEMBERS = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
]
/** Names that the linker and the binding look for, and the file of the wheel behind them. */
const LINKS = {
  'libtensorflow.so': 'libtensorflow_cc.so.2',
  'libtensorflow.so.2': 'libtensorflow_cc.so.2',
  'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
}

export const tfjsStep = {
  isDone: (context) => {
    const stamp = readStamp(context, 'tfjs')
    if (stamp?.key !== addonKey(context, NAME)) return false
    // `npm start` does not spend its time again on what failed before; `npm run setup` and `npm test` do.
    if (stamp.unavailable) return context.purpose === 'start' && existsSync(unavailablePath(context))
    return (
      existsSync(join(packageFolder(context), bindingFile(context))) &&
      existsSync(join(packageFolder(context), 'deps/lib'))
    )
  },
  run: async (context, doing) => {
    rmSync(unavailablePath(context), { force: true })
    try {
      await provideBinding(context, doing)
    } catch (error) {
      if (!(error instanceof SetupProblem) || context.purpose === 'test') throw error
      writeFileWhole(unavailablePath(context), `${error.message}\n`)
      writeStamp(context, 'tfjs', { key: addonKey(context, NAME), unavailable: true })
      return `training is unavailable, answering is not affected. ${error.message}`
    }
    writeStamp(context, 'tfjs', { key: addonKey(context, NAME) })
  },
}

async function provideBinding(context, doing) {
  if (existsSync(libraryFolder(context))) {
    linkLibrary(context)
    if (await restoreAddon(context, NAME, bindingFile(context))) return
  } else {
    doing('Letting tfjs-node install itself')
    if (!(await installItself(context))) await fetchLibrary(context, doing)
    linkLibrary(context)
  }
  if (!(await loads(context, NAME, bindingFile(context)))) {
    doing('Compiling tfjs-node')
    await compileBinding(context)
  }
  keepAddon(context, NAME, bindingFile(context))
}

/** @returns whether its installer got libtensorflow and a binding that loads. */
async function installItself(context) {
  const folder = packageFolder(context)
  for (const name of ['build', 'lib', 'deps']) rmSync(join(folder, name), { recursive: true, force: true })
  try {
    await runCommand(context, LOG, process.execPath, ['scripts/install.js'], {
      cwd: folder,
      env: gypEnvironment(context),
      // Once it compiles it needs no network, and may take as long as the machine does.
      progress: () => (existsSync(join(folder, 'build')) ? Date.now() : bytesUnder(join(folder, 'deps'))),
      patienceMs: INSTALLER_PATIENCE_MS,
    })
  } catch (error) {
    if (error instanceof CommandFailure) return false
    throw error
  }
  if (!(await loads(context, NAME, bindingFile(context)))) return false
  renameSync(join(folder, 'deps'), libraryFolder(context))
  return true
}

async function fetchLibrary(context, doing) {
  const wheel = WHEELS[`${process.platform}-${process.arch}`]
  const host = `${process.platform} on ${process.arch}`
  if (!wheel)
    throw new SetupProblem(
      `tfjs-node's own installer failed, and for ${host} there is no other way.`,
      `.setup/logs/${LOG}.log`,
    )
  doing(`Downloading ${wheel.name} ${wheel.version}`)
  const path = await fetchWheel(context, LOG, wheel)
  doing('Unpacking libtensorflow')
  const unpacked = join(context.tmpDir, 'libtensorflow')
  try {
    await unpackWheel(context, LOG, path, unpacked, MEMBERS)
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw explainFailure(context, 'Unpacking libtensorflow', error)
  }
  arrange(unpacked)
  rmSync(dirname(path), { recursive: true, force: true })
  renameSync(join(unpacked, 'deps'), libraryFolder(context))
}

/** The wheel's folders as the package's `deps` has them: include/ and lib/. */
function arrange(unpacked) {
  const lib = join(unpacked, 'deps/lib')
  mkdirSync(lib, { recursive: true })
  renameSync(join(unpacked, 'tensorflow/include'), join(unpacked, 'deps/include'))
  for (const file of new Set(Object.values(LINKS))) renameSync(join(unpacked, 'tensorflow', file), join(lib, file))
  for (const [name, file] of Object.entries(LINKS)) symlinkSync(file, join(lib, name))
}

function linkLibrary(context) {
  const deps = join(packageFolder(context), 'deps')
  if (lstatSync(deps, { throwIfNoEntry: false })) rmSync(deps, { recursive: true, force: true })
  symlinkSync(relative(dirname(deps), libraryFolder(context)), deps)
}

async function compileBinding(context) {
  const program = createRequire(join(packageFolder(context), 'package.json')).resolve(
    '@mapbox/node-pre-gyp/bin/node-pre-gyp',
  )
  try {
    await runCommand(context, LOG, process.execPath, [program, 'install', '--build-from-source'], {
      cwd: packageFolder(context),
      env: gypEnvironment(context),
    })
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw explainFailure(context, 'Compiling tfjs-node', error)
  }
  if (!(await loads(context, NAME, bindingFile(context)))) {
    throw new SetupProblem(
      'tfjs-node was compiled and does not load.',
      `.setup/logs/load-${NAME.replace('/', '+')}.log`,
    )
  }
}

/** node-pre-gyp's folder: the newest Node-API version that the package and this Node both have. */
function bindingFile(context) {
  const { binary } = JSON.parse(readFileSync(join(packageFolder(context), 'package.json'), 'utf8'))
  const version = Math.max(...binary.napi_versions.filter((known) => known <= Number(process.versions.napi)))
  return `lib/napi-v${version}/tfjs_binding.node`
}

function packageFolder(context) {
  return join(context.root, 'node_modules', NAME)
}

function libraryFolder(context) {
  return join(context.setupDir, 'libtensorflow')
}

/** What TRAINING_UNAVAILABLE quotes. */
function unavailablePath(context) {
  return join(context.setupDir, 'training-unavailable.txt')
}
