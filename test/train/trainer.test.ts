import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { readSafetensors, writeSafetensors } from '../../src/registry/safetensors.js'
import { toSquad } from '../../src/text/squad.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { makeWindows } from '../../src/text/windows.js'
import { randomStream } from '../../src/train/random.js'
import {
  computeLogits,
  type RunningTraining,
  type StepRow,
  startTraining,
  type TrainingInput,
} from '../../src/train/trainer.js'

const parentFolder = path.join(packageRoot, 'test/fixtures/tiny-model')
let folder: string
let datasetFile: string
/** The curve of a run that nothing happened to. */
let undisturbed: StepRow[]

beforeAll(async () => {
  await makeFolder()
  undisturbed = await readAll(start())
  await removeFolder()
})
beforeEach(makeFolder)
afterEach(removeFolder)

async function makeFolder(): Promise<void> {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-training-'))
  datasetFile = path.join(folder, 'train.json')
  await writeFile(datasetFile, JSON.stringify(toSquad(makeExamples())))
}

function removeFolder(): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}

/** The word after the one asked for: learnt in a few steps by a very small reader. */
function makeExamples() {
  const random = randomStream(9)
  const words = ['map', 'card', 'roof', 'book', 'tree', 'desk', 'page', 'door']
  return Array.from({ length: 48 }, (_, index) => {
    const order = [...words].sort(() => random() - 0.5)
    const asked = index % 7
    const context = order.join(' ')
    const answer = order[asked + 1] as string
    return {
      id: `q${index}`,
      title: 'words',
      question: order[asked] as string,
      context,
      answers: [{ text: answer, start: context.indexOf(answer) }],
      isImpossible: false,
    }
  })
}

const settings = {
  learningRate: 1e-3,
  batchSize: 8,
  maxSequenceLength: 64,
  stride: 8,
  checkpointSteps: 5,
  maxSteps: 24,
  dropout: 0.02, // so small a model loses too much with more
}

type Changes = { settings?: object } & Partial<Pick<TrainingInput, 'resume' | 'parentFolder'>>

function start({ settings: changed, resume = false, ...changes }: Changes = {}): RunningTraining {
  return startTraining({
    settings: { ...settings, epochs: 10, ...changed },
    parentFolder,
    ...changes,
    datasetPaths: [datasetFile],
    checkpointFolder: path.join(folder, 'checkpoints'),
    resume,
    threads: 1,
    niceness: 0,
  })
}

async function readAll(training: RunningTraining): Promise<StepRow[]> {
  const rows: StepRow[] = []
  for await (const row of training.steps) rows.push(row)
  return rows
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / numbers.length

const losses = (rows: readonly StepRow[]): number[] => rows.map(({ loss }) => loss)

function expectSameCurve(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length)
  for (const [step, loss] of actual.entries()) expect(Math.abs(loss - (expected[step] as number))).toBeLessThan(1e-4)
}

describe('a training run', () => {
  test('lowers the loss, reports every step, and writes weights under Hugging Face names', async () => {
    const training = start()
    const rows = await readAll(training)
    const { steps, weightsFile } = await training.result
    expect(steps).toBe(24)
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    for (const row of rows) {
      expect(row).toMatchObject({ totalSteps: 24, gradientNorm: expect.any(Number), validationLoss: null })
      expect(row.memoryMb).toBeGreaterThan(50)
      expect(row.secondsLeft).toBeGreaterThanOrEqual(0)
    }
    expect(rows.at(-1)?.secondsLeft).toBe(0)
    expect(mean(losses(rows).slice(-4))).toBeLessThan(0.9 * mean(losses(rows).slice(0, 4)))
    const parent = await readSafetensors(path.join(parentFolder, 'model.safetensors'))
    const trained = await readSafetensors(weightsFile)
    expect([...trained.keys()].sort()).toEqual([...parent.keys()].sort())
    expectSameCurve(losses(rows), losses(undisturbed))
  })

  test('does not depend on how batches are cut, and does on the seed', async () => {
    expectSameCurve(losses(await readAll(start({ settings: { microBatchTokens: 40 } }))), losses(undisturbed))
    expect(losses(await readAll(start({ settings: { seed: 99 } })))).not.toEqual(losses(undisturbed))
  })

  test('releases its layers from the top, and goes on so when it is resumed', async () => {
    const settings = { unfreezingShare: 0.6, layerDecay: 0.8, pullToParent: 0.1 }
    const whole = losses(await readAll(start({ settings })))
    await removeFolder()
    await makeFolder()
    const first = start({ settings })
    for await (const { step } of first.steps) if (step === 7) await first.cancel()
    await expect(first.result).rejects.toMatchObject({ code: 'CANCELLED' })
    const rest = await readAll(start({ settings, resume: true }))
    expectSameCurve(losses(rest), whole.slice(-rest.length))
    expect(rest.length).toBeLessThan(24)
  })

  test('keeps the share of its parent that it is asked to keep', async () => {
    const weightsWith = async (parentShare: number) => {
      const training = start({ settings: { parentShare, maxSteps: 3 } })
      await readAll(training)
      return readSafetensors((await training.result).weightsFile)
    }
    const trained = await weightsWith(0)
    const mixed = await weightsWith(0.75)
    const parent = await readSafetensors(path.join(parentFolder, 'model.safetensors'))
    for (const [name, { data }] of mixed) {
      const expected = data.map((_, index) => {
        return 0.25 * (trained.get(name)?.data[index] as number) + 0.75 * (parent.get(name)?.data[index] as number)
      })
      for (const [index, value] of data.entries()) expect(value).toBeCloseTo(expected[index] as number, 5)
    }
  })

  test('goes on along the same curve after kill -9', async () => {
    const killed = start()
    const seen: StepRow[] = []
    for await (const row of killed.steps) {
      seen.push(row)
      if (row.step === 12) process.kill(killed.pid as number, 'SIGKILL')
    }
    await expect(killed.result).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('the training process ended (SIGKILL)'),
    })
    const resumed = await readAll(start({ resume: true }))
    const from = (resumed[0] as StepRow).step
    expect(from).toBeGreaterThan(10) // the checkpoint of step 10 was there when step 12 was reported
    expectSameCurve(losses(seen), losses(undisturbed).slice(0, seen.length))
    expectSameCurve(losses(resumed), losses(undisturbed).slice(from - 1))
  })

  test('that dies says by which signal, and what its process said last', async () => {
    const { NODE_OPTIONS } = process.env
    process.env.NODE_OPTIONS = '--max-old-space-size=8' // too little even for tfjs's own code
    const dying = start()
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS
    else process.env.NODE_OPTIONS = NODE_OPTIONS
    await expect(dying.result).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/ended \(SIG(ABRT|TRAP|ILL)\): .*JavaScript heap out of memory/s),
    })
  })

  test('stops when cancelled, keeps what it had, and can be resumed', async () => {
    const training = start()
    const seen: StepRow[] = []
    for await (const row of training.steps) {
      seen.push(row)
      if (row.step === 3) await training.cancel()
    }
    await expect(training.result).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(seen.length).toBeLessThan(24)
    const resumed = await readAll(start({ resume: true }))
    expectSameCurve([...losses(seen), ...losses(resumed)], losses(undisturbed))
  })

  test('with adapters keeps them for PEFT beside the merged weights, and resumes on its curve', async () => {
    const settings = { method: 'lora', learningRate: 1e-2, maxSteps: 16 }
    const whole = start({ settings })
    const curve = losses(await readAll(whole))
    const { adapterFolder, weightsFile } = await whole.result
    const config = JSON.parse(await readFile(path.join(adapterFolder as string, 'adapter_config.json'), 'utf8'))
    expect(config).toMatchObject({ peft_type: 'LORA', r: 8, lora_alpha: 16, modules_to_save: ['qa_outputs'] })
    const adapter = await readSafetensors(path.join(adapterFolder as string, 'adapter_model.safetensors'))
    const merged = await readSafetensors(weightsFile)
    const parent = await readSafetensors(path.join(parentFolder, 'model.safetensors'))
    expect([...merged.keys()].sort()).toEqual([...parent.keys()].sort())
    const module = 'bert.encoder.layer.1.attention.self.value'
    const side = (name: string) => adapter.get(`base_model.model.${module}.${name}.weight`)?.data as Float32Array
    const width = parent.get(`${module}.weight`)?.shape[1] as number
    // W + 16 / 8 x up x down, at some places.
    for (const at of [0, 5, width, 3 * width + 7]) {
      const [row, column] = [Math.floor(at / width), at % width]
      const change = Array.from({ length: 8 }, (_, rank) => {
        return (side('lora_B')[row * 8 + rank] as number) * (side('lora_A')[rank * width + column] as number)
      })
      const expected = (parent.get(`${module}.weight`)?.data[at] as number) + 2 * change.reduce((sum, x) => sum + x, 0)
      expect(merged.get(`${module}.weight`)?.data[at]).toBeCloseTo(expected, 3)
    }
    await removeFolder()
    await makeFolder()
    const killed = start({ settings })
    for await (const { step } of killed.steps) if (step === 12) process.kill(killed.pid as number, 'SIGKILL')
    await killed.result.catch(() => {})
    const rest = losses(await readAll(start({ settings, resume: true })))
    expect(rest.length).toBeLessThan(16)
    expectSameCurve(rest, curve.slice(-rest.length))
  })

  test('watches passages that it does not learn, ends when they get no better, and gives the best weights', async () => {
    // At such a rate it soon knows its few passages by heart.
    const settings = { validationShare: 0.3, evaluationSteps: 2, patience: 3, maxSteps: 60, learningRate: 5e-3 }
    const training = start({ settings: { ...settings, epochs: 100 } })
    const rows = await readAll(training)
    const { steps, bestStep } = await training.result
    const looks = rows.filter(({ validationLoss }) => validationLoss !== null)
    const lowest = looks.reduce((best, row) => ((row.validationLoss ?? 0) < (best.validationLoss ?? 0) ? row : best))
    expect(looks.map(({ step }) => step)).toEqual(Array.from({ length: steps / 2 }, (_, index) => 2 * (index + 1)))
    expect(bestStep).toBe(lowest.step)
    expect(steps).toBe(bestStep + 2 * settings.patience)
    expect(steps).toBeLessThan(60)
    // The run that was told to stop there has those weights.
    const weights = await readSafetensors((await training.result).weightsFile)
    const again = start({ settings: { ...settings, epochs: 100, checkpointSteps: bestStep }, resume: false })
    for await (const { step } of again.steps) if (step === bestStep) await again.cancel()
    await again.result.catch(() => {})
    const resumed = start({ settings: { ...settings, epochs: 100 }, resume: true })
    await readAll(resumed)
    const others = await readSafetensors((await resumed.result).weightsFile)
    expect((await resumed.result).bestStep).toBe(bestStep)
    for (const [name, { data }] of weights) {
      const other = others.get(name)?.data as Float32Array
      const worst = data.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] as number))), 0)
      expect(worst, name).toBeLessThan(1e-4)
    }
  })

  test('keeps a second run out of the folder that it writes, and is not disturbed by it', async () => {
    const first = start()
    await first.steps[Symbol.asyncIterator]().next()
    await expect(start().result).rejects.toMatchObject({ code: 'DATA_IN_USE' })
    expect((await first.result).steps).toBe(24)
  })

  test('refuses to go on from a checkpoint of another model', async () => {
    await start({ settings: { maxSteps: 2 } }).result
    const other = path.join(folder, 'other-parent')
    await cp(parentFolder, other, { recursive: true })
    const weightsFile = path.join(other, 'model.safetensors')
    const weights = await readSafetensors(weightsFile)
    ;(weights.get('bert.encoder.layer.0.output.dense.weight') as { data: Float32Array }).data[0] = 1
    await writeSafetensors(weightsFile, weights, { dtype: 'F32' })
    await expect(start({ resume: true, parentFolder: other }).result).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('refuses to go on from a checkpoint of other data', async () => {
    await start({ settings: { maxSteps: 2 } }).result
    await writeFile(datasetFile, JSON.stringify(toSquad(makeExamples().slice(0, 30))))
    await expect(start({ resume: true }).result).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('that diverges ends with TRAINING_DIVERGED and keeps the last good checkpoint', async () => {
    await start({ settings: { maxSteps: 5 } }).result
    // Numbers so large that the next forward pass overflows.
    const [kept] = (await readdir(path.join(folder, 'checkpoints'))).filter((entry) => entry.startsWith('step-'))
    const weightsFile = path.join(folder, 'checkpoints', kept as string, 'model.safetensors')
    const weights = await readSafetensors(weightsFile)
    weights.get('qa_outputs.weight')?.data.fill(Number.MAX_VALUE)
    await writeSafetensors(weightsFile, weights, { dtype: 'F32' })
    await expect(start({ resume: true }).result).rejects.toMatchObject({ code: 'TRAINING_DIVERGED' })
    expect((await readdir(path.join(folder, 'checkpoints'))).filter((entry) => entry.startsWith('step-'))).toEqual([
      kept,
    ])
  })

  test('names the row of a dataset that is wrong, and an unsafe rate before anything starts', async () => {
    const squad = toSquad(makeExamples())
    const answer = squad.data[0]?.paragraphs[0]?.qas[0]?.answers[0] as { answer_start: number }
    answer.answer_start += 1
    await writeFile(datasetFile, JSON.stringify(squad))
    await expect(start().result).rejects.toMatchObject({
      code: 'INVALID_DATASET',
      message: expect.stringContaining('q0'),
    })
    expect(() => start({ settings: { learningRate: 1.5 } })).toThrow(
      expect.objectContaining({ code: 'UNSAFE_SETTINGS' }),
    )
  })

  test('says that training is unavailable where tfjs-node is not installed', async () => {
    const bare = path.join(folder, 'bare')
    for (const part of ['errors.js', 'child.js', 'train']) {
      await cp(path.join(packageRoot, 'dist', part), path.join(bare, part), { recursive: true })
    }
    await writeFile(path.join(bare, 'package.json'), '{"type": "module"}')
    const { loadTensorFlow } = await import(path.join(bare, 'train/tensorflow.js'))
    expect(loadTensorFlow).toThrow(expect.objectContaining({ code: 'TRAINING_UNAVAILABLE' }))
  })
})

test('the trained weights give their logits for a reference batch, each window alone', async () => {
  const tokenizer = await Tokenizer.open(parentFolder)
  const question = await tokenizer.encode('Who is the director?')
  const context = await tokenizer.encode('The director is Anna Keller. She has led the house since 2011.')
  const inputs = makeWindows(question, context, tokenizer, { maxSequenceLength: 40, stride: 8, maxQuestionTokens: 16 })
  const weightsFile = path.join(parentFolder, 'model.safetensors')
  const logits = await computeLogits({ folder: parentFolder, weightsFile, inputs, threads: 1 })
  expect(logits.map(({ startLogits }) => startLogits.length)).toEqual(inputs.map(({ inputIds }) => inputIds.length))
  for (const { endLogits } of logits) expect(endLogits.every(Number.isFinite)).toBe(true)
})
