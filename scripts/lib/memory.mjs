/** Resident memory of a process and everything it started, from the kernel's own accounting (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

export function processTree(rootPid) {
  const children = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = statusField(entry, 'PPid')
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const tree = [rootPid]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** Bytes; pages shared between the processes count once for each. */
export function residentBytes(rootPid) {
  return processTree(rootPid).map((pid) => ({ pid, bytes: (statusField(pid, 'VmRSS') ?? 0) * 1024 }))
}

/** Bytes of a process and everything it started; a page that several of them share counts once. */
export function proportionalBytes(rootPid) {
  return processTree(rootPid).reduce((sum, pid) => sum + (field(`/proc/${pid}/smaps_rollup`, 'Pss') ?? 0) * 1024, 0)
}

/** The highest resident memory that one process has had, in bytes. */
export const peakBytes = (pid) => (statusField(pid, 'VmHWM') ?? 0) * 1024

const statusField = (pid, name) => field(`/proc/${pid}/status`, name)

function field(file, name) {
  try {
    const match = readFileSync(file, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))
    return match ? Number(match[1]) : undefined
  } catch {
    return undefined // it ended between the listing and the look
  }
}
