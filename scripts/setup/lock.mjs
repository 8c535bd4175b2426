/** One set-up at a time per clone: the second one waits for the first. */
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 2000
/** A lock without a heartbeat for this long was left behind, on whichever machine or in whichever container it was taken. */
const STALE_MS = 15_000

export async function withLock(context, reporter, work) {
  const path = join(context.setupDir, 'lock')
  await takeLock(path, reporter)
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS)
  context.releaseLock = () => {
    clearInterval(heartbeat)
    rmSync(path, { force: true })
  }
  try {
    rmSync(context.tmpDir, { recursive: true, force: true })
    mkdirSync(context.tmpDir, { recursive: true })
    return await work()
  } finally {
    context.releaseLock()
  }
}

async function takeLock(path, reporter) {
  let waiting = false
  while (!tryToCreate(path)) {
    const holder = readHolder(path)
    if (holder === undefined || isLeftBehind(path, holder)) {
      removeLock(path, holder)
      continue
    }
    if (!waiting) reporter.say(`Another set-up is running (process ${holder.pid}); waiting for it to end.`)
    waiting = true
    await sleep(250)
  }
}

function tryToCreate(path) {
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** @returns undefined when the lock is gone, an empty holder while it is being written. */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8') || '{}')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    return {}
  }
}

function isLeftBehind(path, holder) {
  if (holder.host === hostname() && holder.pid !== undefined && !isAlive(holder.pid)) return true
  const beat = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return Date.now() - beat > STALE_MS
}

/** Only the lock that was looked at: between looking and removing, another waiter may have taken it anew. */
function removeLock(path, holder) {
  if (holder !== undefined && readHolder(path)?.pid === holder.pid) rmSync(path, { force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Removed together with .setup: nothing is left to protect.
  }
}
