import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Command, Option } from 'commander'
import type { GraphQLEnumType } from 'graphql'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { createProgram } from '../../src/cli/program.js'
import { createSchema } from '../../src/graphql/schema.js'
import { docent } from '../support/start-server.js'

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

function helpOf(command: Command): string {
  let help = ''
  command.configureOutput({ writeOut: (text) => (help += text) })
  command.outputHelp()
  return help
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

test('the compiled command runs by itself, as npx starts it', async () => {
  const { stdout } = await promisify(execFile)(join(packageRoot, 'dist/cli/main.js'), ['--version'])
  expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
})

test('every operation has its command', () => {
  expect(leaves(createProgram({})).map(fullName).sort()).toEqual(
    [
      ...[
        'serve',
        'ingest',
        'ask',
        'search',
        'train',
        'doctor',
        'documents list',
        'documents show',
        'documents restore',
        'documents delete',
        'documents duplicates',
      ],
      ...['feedback submit', 'feedback list', 'feedback accept', 'feedback reject', 'jobs list', 'jobs show'],
      ...['jobs cancel', 'runs list', 'runs show', 'models list', 'models show', 'models promote', 'models rollback'],
      ...['models export', 'models import', 'models verify', 'index verify', 'index rebuild', 'evaluate reader'],
      'evaluate pipeline',
    ]
      .map((name) => `docent ${name}`)
      .sort(),
  )
})

test.each(leaves(createProgram({})).map((command) => [fullName(command), command] as const))(
  '`%s --help` has examples, --json and the exit status',
  (name, command) => {
    const help = helpOf(command)
    for (const part of ['Examples:', `$ ${name}`, '--json', 'Exit status:', 'wrong usage']) expect(help).toContain(part)
  },
)

test.each([
  ['--kind', 'JobKind'],
  ['--status', 'JobStatus'],
])('`docent jobs list %s` names every value of %s', (long, type) => {
  const list = leaves(createProgram({})).find((command) => fullName(command) === 'docent jobs list') as Command
  const { description } = list.options.find((option) => option.long === long) as Option
  const values = (createSchema().getType(type) as GraphQLEnumType).getValues()
  expect(description.replace('one of ', '').split(', ').sort()).toEqual(values.map(({ name }) => name).sort())
})

test.each([[['nonsense']], [['ask']], [['ask', 'x', '--unknown']], [['feedback', 'submit']]])(
  'wrong usage %j has status 2 and says what is wrong',
  async (args) => {
    const { status, stdout, stderr } = await docent(args, {})
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('error:')
  },
)

test('help that was asked for is no failure', async () => {
  expect((await docent(['--help'], {})).status).toBe(0)
  expect((await docent(['ask', '--help'], {})).stdout).toContain('docent ask')
})
