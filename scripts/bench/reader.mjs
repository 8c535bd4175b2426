import { join } from 'node:path'
import { GRAPH_FILES } from '../../dist/onnx/export-model.js'
import { SessionPool } from '../../dist/onnx/session-pool.js'
import { newestBundledReader } from '../lib/bundled-reader.mjs'
import { startPeer } from '../lib/python.mjs'
import { median } from '../lib/statistics.mjs'

export const describe =
  'reading windows: PyTorch, ONNX Runtime with the stock graphs, and Docent, same weights (--data MODEL_FOLDER, --n rounds)'

const SHAPES = [
  { batch: 1, length: 384 },
  { batch: 8, length: 256 },
  { batch: 32, length: 128 },
]
const PEERS = { pytorch: 'PyTorch eager', 'ort-fp32': 'ORT, stock fp32', 'ort-int8': 'ORT, stock int8' }
const VOCABULARY = [1000, 30_000]

export async function run({ data, n = 10, log }) {
  const folder = data ?? (await newestBundledReader())
  const pool = await SessionPool.start({ modelPath: join(folder, GRAPH_FILES.int8) })
  const peer = await startPeer('reader.py', [folder], log)
  try {
    const rows = []
    for (const shape of SHAPES) {
      const times = Object.fromEntries([...Object.keys(PEERS), 'docent'].map((who) => [who, []]))
      for (let round = 0; round < n + 2; round++) {
        // Turn by turn, so that a busy moment of the machine hits all of them.
        for (const who of Object.keys(PEERS)) times[who].push((await peer.ask({ with: who, ...shape })).ms)
        times.docent.push(await timed(() => pool.run(windows(shape))))
      }
      // The first two rounds lay out memory.
      const ms = Object.fromEntries(Object.entries(times).map(([who, all]) => [who, median(all.slice(2))]))
      const name = `${shape.batch} x ${shape.length}`
      log(`${name}: ${JSON.stringify(ms)}`)
      for (const who of Object.keys(times)) {
        const title = PEERS[who] ?? 'Docent, int8, each window alone'
        rows.push([`${name}, ${title}`, ms[who].toFixed(1), 'ms'])
      }
      rows.push([`${name}, Docent: windows a second`, ((1000 * shape.batch) / ms.docent).toFixed(0), ''])
      rows.push([`${name}, Docent against stock int8`, (ms['ort-int8'] / ms.docent).toFixed(2), 'times'])
      rows.push([`${name}, Docent against PyTorch`, (ms.pytorch / ms.docent).toFixed(2), 'times'])
    }
    return rows
  } finally {
    await peer.stop()
    await pool[Symbol.asyncDispose]()
  }
}

async function timed(work) {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function windows({ batch, length }) {
  const [from, to] = VOCABULARY
  return Array.from({ length: batch }, () => ({
    inputIds: Int32Array.from({ length }, () => from + Math.floor(Math.random() * (to - from))),
    tokenTypeIds: new Int32Array(length),
  }))
}
