/**
 * The C++ headers of the running Node, as the folder above `include/node` that node-gyp calls nodedir. better-sqlite3
 * compiled against those of another release would not load, so that only headers of exactly this ABI are taken.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'
import { findNodeGyp, findNpm, NPM_QUIET } from './npm.mjs'
import { SetupProblem } from './problem.mjs'

const version = process.versions.node

/** @returns nodedir, or undefined where node-gyp has the headers in its own cache. */
export async function provideHeaders(context) {
  const own = join(context.setupDir, `node-headers-${version}`)
  for (const folder of [process.env.npm_config_nodedir, ...besideNode(), own, nodedirOfNpm()]) {
    if (folder && hasHeaders(folder)) return folder
  }
  if (await nodeGypFetches(context)) return undefined
  return fetchFromRegistry(context, own)
}

/** Next to the executable (npm's `node` package), and in its prefix (installers, archives, distributions). */
function besideNode() {
  const folder = dirname(realpathSync(process.execPath))
  return [folder, join(folder, '..')]
}

function nodedirOfNpm() {
  const asked = spawnSync(process.execPath, [findNpm(), 'config', 'get', 'nodedir'], { encoding: 'utf8' })
  const folder = asked.stdout?.trim()
  return folder === 'undefined' || folder === 'null' ? undefined : folder
}

function hasHeaders(nodeDir) {
  try {
    const text = readFileSync(join(nodeDir, 'include/node/node_version.h'), 'utf8')
    return new RegExp(`#define NODE_MODULE_VERSION ${process.versions.modules}\\b`).test(text)
  } catch {
    return false
  }
}

/** node-gyp's own way: from its cache, else from nodejs.org. */
async function nodeGypFetches(context) {
  try {
    const stopped = { progress: () => 0, patienceMs: 30_000 }
    await runCommand(context, 'headers', process.execPath, [findNodeGyp(), 'install', '--ensure'], stopped)
    return true
  } catch (error) {
    if (error instanceof CommandFailure) return false
    throw error
  }
}

/** npm carries Node itself, headers included: what a network has that reaches package registries only. */
async function fetchFromRegistry(context, target) {
  const packed = `node-${process.platform}-${process.arch}`
  const tmp = join(context.tmpDir, 'headers')
  mkdirSync(tmp, { recursive: true })
  try {
    const pack = [findNpm(), 'pack', `${packed}@${version}`, `--pack-destination=${tmp}`, ...NPM_QUIET]
    await runCommand(context, 'headers', process.execPath, pack)
    const unpack = ['-xzf', join(tmp, `${packed}-${version}.tgz`), '-C', tmp, 'package/include']
    await runCommand(context, 'headers', 'tar', unpack)
    rmSync(target, { recursive: true, force: true })
    renameSync(join(tmp, 'package'), target)
    return target
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw new SetupProblem(
      `The C++ headers of Node ${version} were not found, and neither nodejs.org nor the npm registry gave them: ` +
        'install them (Debian, Ubuntu: apt-get install libnode-dev) or set npm_config_nodedir to the folder above include/node.',
      error.logFile,
    )
  }
}
