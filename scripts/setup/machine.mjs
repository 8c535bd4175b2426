/** Step 1: what has to be on the machine. Looks only for what the steps that are due will use. */
import { spawnSync } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { provideHeaders } from './headers.mjs'
import { SetupProblem } from './problem.mjs'

const GIB = 2 ** 30
/** What a step lays down at most, temporary files included. */
const DISK_BYTES = { packages: 1.5 * GIB, native: 0.2 * GIB, tfjs: 1.7 * GIB, weights: 0.3 * GIB, models: 0.3 * GIB }

const INSTALL_COMPILER =
  'install one (Debian, Ubuntu: apt-get install build-essential; Fedora: dnf install gcc-c++ make; macOS: xcode-select --install)'
const INSTALL_PYTHON = 'install it (Debian, Ubuntu: apt-get install python3 python3-pip; macOS: brew install python)'

export const machineStep = {
  isDone: (context, steps) => dueSteps(context, steps).length === 0,
  run: async (context, doing, steps) => {
    const due = dueSteps(context, steps)
    await checkDisk(context, due)
    if (!due.some((name) => ['packages', 'native', 'tfjs', 'weights'].includes(name))) return
    context.python = findPython()
    if (due.every((name) => name === 'weights')) return
    checkCompiler()
    doing('Looking for the headers of Node')
    context.nodeDir = await provideHeaders(context)
  },
}

function dueSteps(context, steps) {
  return steps.filter((step) => step.name in DISK_BYTES && !step.isDone(context, steps)).map((step) => step.name)
}

async function checkDisk(context, due) {
  const neededBytes = due.reduce((sum, name) => sum + DISK_BYTES[name], 0)
  const { bavail, bsize } = await statfs(context.root)
  if (bavail * bsize >= neededBytes) return
  const gib = (bytes) => `${(bytes / GIB).toFixed(1)} GiB`
  throw new SetupProblem(
    `Set-up needs ${gib(neededBytes)} of disk space in ${context.root} and ${gib(bavail * bsize)} are free: free some and run it again.`,
  )
}

function checkCompiler() {
  const compiler = process.env.CXX || 'g++'
  const program = '#include <version>\n#include <vector>\nint main() { return 0; }\n'
  // The command may carry flags ("ccache g++"), as it may for make.
  const probe = spawnSync(`${compiler} -std=c++20 -fsyntax-only -x c++ -`, { shell: true, input: program })
  if (probe.status !== 0)
    throw new SetupProblem(`No C++ compiler that knows C++20 was found (tried ${compiler}): ${INSTALL_COMPILER}.`)
  if (spawnSync('make', ['--version']).status !== 0) throw new SetupProblem(`make was not found: ${INSTALL_COMPILER}.`)
}

/** The Python that node-gyp and set-up use: the configured one, else the one on the PATH. */
function findPython() {
  const probe = 'import sys, zipfile, zlib; sys.exit(sys.version_info < (3, 8))'
  const candidates = [process.env.npm_config_python, process.env.PYTHON, 'python3', 'python'].filter(Boolean)
  const found = candidates.find((python) => spawnSync(python, ['-c', probe]).status === 0)
  if (!found) throw new SetupProblem(`No Python 3.8 or newer was found, which node-gyp needs: ${INSTALL_PYTHON}.`)
  return found
}
