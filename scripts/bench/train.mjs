import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { startTraining } from '../../dist/train/trainer.js'
import { peakBytes } from '../lib/memory.mjs'
import { startPeer } from '../lib/python.mjs'
import { root } from '../lib/server.mjs'
import { median } from '../lib/statistics.mjs'

export const describe =
  'one training step of 16 x 256 tokens against PyTorch eager float32, time and peak memory (--data MODEL_FOLDER, --n steps)'

const BATCH = 16
const LENGTH = 256

/** Ways to train, the first being what the peer does too: every weight. */
const WAYS = [
  ['all weights', { freezeEmbeddings: 'none' }],
  ['all weights, a budget of 3 GiB', { freezeEmbeddings: 'none', memoryBudgetMb: 3072 }],
  ['all weights, float32', { freezeEmbeddings: 'none', precision: 'float32' }],
  ['word table frozen', { freezeEmbeddings: 'words' }],
  ['LoRA', { method: 'lora' }],
]

export async function run({ data = join(root, 'models/embedder/all-MiniLM-L6-v2'), n = 8, log }) {
  const peer = await startPeer('train.py', [join(data, 'config.json'), String(BATCH), String(LENGTH)], log)
  try {
    // Before and after each of ours, so that a busy minute does not fall on one side alone.
    const peerSteps = await peerRounds(peer, n, log)
    const ours = []
    for (const [name, settings] of WAYS) {
      ours.push([name, await ourSteps({ data, n, settings, log: (text) => log(`${name}: ${text}`) })])
      peerSteps.push(...(await peerRounds(peer, Math.ceil(n / 2), log)))
    }
    const peerMs = median(peerSteps.map(({ ms }) => ms))
    return [
      ['PyTorch, all weights: one update, median', peerMs.toFixed(0), 'ms'],
      ['PyTorch: peak memory', mib(peerSteps.at(-1).peakBytes), 'MiB'],
      ...ours.flatMap(([name, { ms, peak }]) => [
        [`Docent, ${name}: one update, median`, ms.toFixed(0), 'ms'],
        [`Docent, ${name}: of PyTorch's time`, (ms / peerMs).toFixed(2), ''],
        [`Docent, ${name}: peak memory`, mib(peak), 'MiB'],
      ]),
    ]
  } finally {
    await peer.stop()
  }
}

async function peerRounds(peer, n, log) {
  const steps = []
  for (let round = 0; round < n; round++) {
    const step = await peer.ask({})
    log(`PyTorch: ${step.ms.toFixed(0)} ms`)
    if (round > 0) steps.push(step) // the first one lays out memory
  }
  return steps
}

async function ourSteps({ data, n, settings, log }) {
  const folder = await mkdtemp(join(os.tmpdir(), 'docent-bench-'))
  try {
    // One endless passage: every window of it but the last is full.
    const dataset = join(folder, 'train.json')
    const context = 'a book in the library '.repeat(n * BATCH * 60)
    const qas = [{ id: 'one', question: 'what', answers: [{ text: 'book', answer_start: 2 }] }]
    await writeFile(dataset, JSON.stringify({ data: [{ title: '', paragraphs: [{ context, qas }] }] }))
    const training = startTraining({
      settings: {
        batchSize: BATCH,
        maxSequenceLength: LENGTH,
        stride: 0,
        maxSteps: n,
        checkpointSteps: 100_000,
        ...settings,
      },
      parentFolder: data,
      datasetPaths: [dataset],
      checkpointFolder: join(folder, 'checkpoints'),
      resume: false,
      niceness: 0,
    })
    const stepMs = []
    let peak = 0
    for await (const row of training.steps) {
      stepMs.push((1000 * BATCH * LENGTH) / row.tokensPerSecond)
      peak = Math.max(peak, peakBytes(training.pid))
      log(`${stepMs.at(-1).toFixed(0)} ms`)
    }
    await training.result
    return { ms: median(stepMs.slice(1)), peak }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const mib = (bytes) => (bytes / 1024 ** 2).toFixed(0)
