import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './server.mjs'

/** The folder of the bundled reader with the highest number. */
export async function newestBundledReader() {
  const folder = join(root, 'models/reader')
  const number = (name) => Number(name.slice('bundled-'.length))
  const bundled = (await readdir(folder)).filter((name) => /^bundled-\d+$/.test(name))
  if (bundled.length === 0) throw new Error(`${folder} holds no bundled reader: run \`npm run setup\``)
  return join(folder, bundled.sort((a, b) => number(b) - number(a))[0])
}
