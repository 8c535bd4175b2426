/** The preparer's process: parses and chunks one file after another. Started by preparer.ts. */
import { serveParent } from '../child.js'
import { Tokenizer } from '../text/tokenizer.js'
import { type OriginalFile, prepareFile } from './prepare.js'
import { type Container, unpack } from './unpack.js'

const tokenizer = Tokenizer.open(process.argv[2] as string)
// Whoever asks next is told; until then nobody has to be.
tokenizer.catch(() => undefined)

serveParent({
  ready: async () => void (await tokenizer),
  prepare: async (file: OriginalFile) => prepareFile(file, await tokenizer),
  unpack: ({ container, folder }: { container: Container; folder: string }) => unpack(container, folder),
})
