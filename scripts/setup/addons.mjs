/**
 * Compiled addons. What was compiled once is kept in .setup/addons by package version and Node ABI, so that a changed
 * package-lock.json (`npm ci` empties node_modules) does not cost the compilation again.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'

/** What a compiled addon was made from: the same name, the same file. */
export function addonKey(context, packageName) {
  const locked = JSON.parse(readFileSync(join(context.root, 'package-lock.json'), 'utf8')).packages
  const version = locked[`node_modules/${packageName}`].version
  const abi = `${process.platform}-${process.arch}-${process.versions.modules}`
  return `${packageName.replace('/', '+')}-${version}-${abi}`
}

/** @returns true when the kept file was put back and loads. */
export async function restoreAddon(context, packageName, file) {
  const kept = keptPath(context, packageName, file)
  if (!existsSync(kept)) return false
  copyWhole(kept, join(context.root, 'node_modules', packageName, file))
  return loads(context, packageName, file)
}

export function keepAddon(context, packageName, file) {
  copyWhole(join(context.root, 'node_modules', packageName, file), keptPath(context, packageName, file))
}

/** Loads the addon in a process of its own: one for another ABI, or with a library missing, would end this one. */
export async function loads(context, packageName, file) {
  const path = join(context.root, 'node_modules', packageName, file)
  const log = `load-${packageName.replace('/', '+')}`
  try {
    await runCommand(context, log, process.execPath, ['-e', `require(${JSON.stringify(path)})`])
    return true
  } catch (error) {
    if (error instanceof CommandFailure) return false
    throw error
  }
}

function keptPath(context, packageName, file) {
  return join(context.setupDir, 'addons', addonKey(context, packageName), file)
}

/** A running process may have the old file mapped: it keeps it, and the new one takes its name. */
function copyWhole(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, `${to}.new`)
  renameSync(`${to}.new`, to)
}
