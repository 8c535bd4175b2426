/**
 * Writes what is printed from the code: schema.graphql, docs/errors.md, docs/training-settings.md and .env.example. Run after `npm run build`; tests
 * compare the files with the same functions.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)

export function printErrors(table) {
  const rows = Object.entries(table).map(([code, { status, hint }]) => `| \`${code}\` | ${status} | ${hint} |`)
  return `# Errors

Every failure that a person can meet has one of these codes. GraphQL shows it as \`extensions.code\` (with \`hint\`, \`status\` and
\`requestId\` beside it), REST as \`error.code\`, a job as \`error.code\`, and the command line on stderr. Printed from \`src/errors.ts\`
by \`npm run docs\`.

| code | HTTP status | what to do |
|---|---|---|
${rows.join('\n')}
`
}

/** @param variables name -> {meaning, default}; a default that depends on the machine is left to its meaning. */
export function printEnvironment(variables) {
  const blocks = Object.entries(variables).map(
    ([name, { meaning, defaultValue }]) => `# ${meaning}\n# ${name}=${defaultValue}`,
  )
  return `# Every setting of Docent with its default. Set what you need in the environment of the process; nothing reads this file.
# Relative folders are taken from the folder of the package. Printed from src/config.ts by \`npm run docs\`.

${blocks.join('\n\n')}
`
}

/** The variables as `printEnvironment` takes them. */
export function describeVariables(variables) {
  return Object.fromEntries(
    Object.entries(variables).map(([name, { schema, meaning }]) => [
      name,
      { meaning, defaultValue: /The default is/.test(meaning) ? '' : String(schema.parse(undefined)) },
    ]),
  )
}

/** @param settings what describeSettings() of src/train/settings.ts gives. */
export function printSettings(settings) {
  const rows = settings.map(({ name, type, choices, minimum, maximum, defaultValue, effect }) => {
    const range = choices ? choices.map((choice) => `\`${choice}\``).join(', ') : `${minimum} to ${maximum}`
    const kind = type === 'integer' ? `${range}, whole` : range
    return `| \`${name}\` | ${defaultValue ?? '-'} | ${kind} | ${effect} |`
  })
  return `# Training settings

What \`docent train --set NAME=VALUE\` and the API's \`TrainingInput\` take. A value outside its range is refused before anything
runs; one inside that would ruin the reader (\`src/train/guard-rails.ts\`) is refused too, unless it is forced. Which to use when:
[training.md](training.md). Printed from \`src/train/settings.ts\` by \`npm run docs\`.

| setting | default | range | effect |
|---|---|---|---|
${rows.join('\n')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ERROR_TABLE } = await import('../dist/errors.js')
  const { VARIABLES } = await import('../dist/config.js')
  const { describeSettings } = await import('../dist/train/settings.js')
  const { createSchema } = await import('../dist/graphql/schema.js')
  const { printSchema } = await import('graphql')
  await writeFile(new URL('docs/errors.md', root), printErrors(ERROR_TABLE))
  await writeFile(new URL('docs/training-settings.md', root), printSettings(describeSettings()))
  await writeFile(new URL('.env.example', root), printEnvironment(describeVariables(VARIABLES)))
  await writeFile(new URL('schema.graphql', root), `${printSchema(createSchema())}\n`)
}
