import { readFileSync } from 'node:fs'
import { packageRoot } from './child.js'

/** The release of Docent, as package.json has it. */
export const packageVersion: string = (
  JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8')) as { version: string }
).version
