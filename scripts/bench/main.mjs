/**
 * npm run bench -- NAME [PATH…] [--data PATH] [--model FOLDER] [--n N] [--filter TEXT] [--out FOLDER] [--json]
 *
 * Each benchmark is one file beside this one that exports `describe` and `run(options)`; `run` resolves with rows of
 * [what, figure, unit]. Machines are noisy: quote medians, and compare within one run.
 */
import { readdir } from 'node:fs/promises'
import os from 'node:os'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    n: { type: 'string' },
    filter: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const names = (await readdir(new URL('.', import.meta.url)))
  .filter((file) => file.endsWith('.mjs') && file !== 'main.mjs')
  .map((file) => file.slice(0, -4))

const [name, ...paths] = positionals
if (values.help || !names.includes(name)) {
  console.error(
    'usage: npm run bench -- NAME [PATH…] [--data PATH] [--model FOLDER] [--n N] [--filter TEXT] [--out FOLDER] [--json]\n',
  )
  for (const each of names) console.error(`  ${each.padEnd(8)} ${(await import(`./${each}.mjs`)).describe}`)
  process.exit(values.help ? 0 : 2)
}

const { run } = await import(`./${name}.mjs`)
const rows = await run({
  data: values.data,
  paths,
  model: values.model,
  filter: values.filter,
  out: values.out,
  n: values.n ? Number(values.n) : undefined,
  log: (text) => console.error(text),
})
const machine = `${os.cpus()[0]?.model}, ${os.availableParallelism()} cores, Node ${process.version}`
if (values.json) {
  console.log(
    JSON.stringify({ benchmark: name, machine, figures: rows.map(([what, figure, unit]) => ({ what, figure, unit })) }),
  )
} else {
  console.log(`${name} (${machine})`)
  for (const [what, figure, unit] of rows) console.log(`  ${what.padEnd(44)} ${String(figure).padStart(10)} ${unit}`)
}
