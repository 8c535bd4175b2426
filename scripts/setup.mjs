/**
 * Set-up: everything between a fresh clone and a Docent that serves, trains and passes its tests.
 *
 *   node scripts/setup.mjs                 do what is missing; training may stay unavailable, with the reason said
 *   node scripts/setup.mjs --for=start     the same, without trying again what made training unavailable before
 *   node scripts/setup.mjs --for=test      the same, but training has to work
 *
 * Plain Node without dependencies. This file keeps to syntax that old releases read, so that they can be told.
 */
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Docent needs Node 20.19 or newer, and this is Node ${process.versions.node}: install a newer one.`)
  process.exit(1)
}
const { setUp } = await import('./setup/main.mjs')
process.exit(await setUp(process.argv.slice(2)))
