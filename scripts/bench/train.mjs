import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { startTraining } from '../../dist/train/trainer.js'
import { peakBytes } from '../lib/memory.mjs'
import { root } from '../lib/server.mjs'

export const describe = 'training step time and peak memory at 16 x 256 tokens (--data MODEL_FOLDER, --n steps)'

const BATCH = 16
const LENGTH = 256

export async function run({ data = join(root, 'models/embedder/all-MiniLM-L6-v2'), n = 10, log }) {
  const folder = await mkdtemp(join(os.tmpdir(), 'docent-bench-'))
  try {
    // One endless passage: every window of it but the last is full.
    const dataset = join(folder, 'train.json')
    const context = 'a book in the library '.repeat(n * BATCH * 60)
    const qas = [{ id: 'one', question: 'what', answers: [{ text: 'book', answer_start: 2 }] }]
    await writeFile(dataset, JSON.stringify({ data: [{ title: '', paragraphs: [{ context, qas }] }] }))
    const training = startTraining({
      settings: { batchSize: BATCH, maxSequenceLength: LENGTH, stride: 0, maxSteps: n, checkpointSteps: 100_000 },
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
      log(`step ${row.step}/${row.totalSteps}: ${row.tokensPerSecond.toFixed(0)} tokens/s`)
    }
    await training.result
    const median = stepMs.toSorted((left, right) => left - right)[Math.floor(stepMs.length / 2)]
    return [
      ['one update, median', median.toFixed(0), 'ms'],
      ['tokens a second', ((1000 * BATCH * LENGTH) / median).toFixed(0), ''],
      ['peak memory of the training process', (peak / 1024 ** 2).toFixed(0), 'MiB'],
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
