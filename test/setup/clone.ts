/** A folder with what set-up needs to begin: as a fresh clone, with nothing installed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { packageRoot } from '../../src/child.js'

export class Clone implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async make(): Promise<Clone> {
    const root = await mkdtemp(join(tmpdir(), 'docent-clone-'))
    await cp(join(packageRoot, 'scripts'), join(root, 'scripts'), { recursive: true })
    for (const file of ['package.json', 'package-lock.json']) await cp(join(packageRoot, file), join(root, file))
    return new Clone(root)
  }

  /** A PATH with these programs and no others; Node is always among them. */
  async pathWith(...programs: string[]): Promise<string> {
    const folder = join(this.root, 'bin')
    await mkdir(folder)
    await symlink(process.execPath, join(folder, 'node'))
    for (const program of programs) {
      const target = findProgram(program)
      // npm is found by the name of the file behind it; others may look for their own files beside themselves.
      if (program === 'npm') await symlink(target, join(folder, program))
      else await writeFile(join(folder, program), `#!/bin/sh\nexec '${target}' "$@"\n`, { mode: 0o755 })
    }
    return folder
  }

  /** An environment in which no registry and no model hub is reached, and no cache helps. */
  offline(): Record<string, string> {
    const nowhere = 'http://127.0.0.1:9'
    return {
      npm_config_registry: nowhere,
      npm_config_cache: join(this.root, 'npm-cache'),
      HF_ENDPOINT: nowhere,
      PIP_INDEX_URL: nowhere,
      PIP_NO_INDEX: '1',
    }
  }

  start(env: Record<string, string>): ChildProcess {
    return spawn(process.execPath, ['scripts/setup.mjs'], {
      cwd: this.root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async run(env: Record<string, string>): Promise<{ status: number | null; output: string }> {
    const child = this.start(env)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, output }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.root, { recursive: true, force: true })
  }
}

function findProgram(name: string): string {
  // A version manager's python3 is a script that needs the whole PATH.
  if (name === 'python3') {
    return execFileSync(name, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
  }
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  return realpathSync(paths.find((path) => existsSync(path)) as string)
}
