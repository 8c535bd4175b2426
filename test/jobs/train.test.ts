import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TrainingStep } from '../../src/domain.js'
import { exists } from '../../src/durable.js'
import { readSafetensors } from '../../src/registry/safetensors.js'
import { alterInt8Canary, alterManifest } from '../support/tiny-models.js'
import { LEARNING, priceTag, ReaderLab, TINY_VERSION } from './reader-lab.js'

describe('a training job', { timeout: 240_000 }, () => {
  let lab: ReaderLab

  beforeEach(async () => {
    lab = await ReaderLab.open()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const runFolder = (runId: string) => join(lab.dataDir, 'runs', runId)

  it('makes a better reader of corrections, measures it and puts it to service', async () => {
    await lab.teach(40)
    const told: string[] = []
    lab.models.onPromoted(({ id }) => void told.push(id))
    const { id } = await lab.training.start({ force: true, settings: LEARNING })
    const { id: runId } = (await lab.store.reader.runs.byJob(id)) ?? { id: '' }
    const curve: TrainingStep[] = []
    for await (const step of lab.training.watch(runId)) curve.push(step)
    const { job, run } = await lab.ended(id)

    expect(job).toMatchObject({ status: 'SUCCEEDED', error: null })
    expect(curve.map(({ step }) => step)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
    expect(curve.at(-1)?.loss).toBeLessThan((curve[0]?.loss ?? 0) / 2)
    expect(run).toMatchObject({ status: 'SUCCEEDED', parentVersion: TINY_VERSION })
    expect(run.evaluation).toMatchObject({ decision: 'PROMOTE', heldOut: { candidate: { n: 10 } } })
    expect(told).toEqual([run.candidateVersion])
    expect(await exists(runFolder(runId))).toBe(false)

    const candidate = await lab.models.current()
    await lab.registry.verify(candidate.id)
    const { manifest, folder } = candidate
    const { heldOut, general } = manifest.forms.int8?.metrics ?? {}
    expect({ heldOut, general }).toMatchObject({
      heldOut: run.evaluation?.heldOut.candidate,
      general: run.evaluation?.general.candidate,
    })
    expect(manifest).toMatchObject({ parent: TINY_VERSION, datasetHash: run.datasetId, settings: { maxSteps: 80 } })
    expect(manifest.forms.int8?.calibration.temperature).toBeGreaterThan(0)
    expect((await readSafetensors(join(folder, 'model.safetensors'))).has('qa_outputs.weight')).toBe(true)
    expect((await lab.store.reader.promotions.current())?.kind).toBe('GATE')
    expect((await lab.models.rollback('end of the test')).id).toBe(TINY_VERSION)
  })

  it('with adapters keeps them in the version, beside weights that have them merged', async () => {
    await lab.teach(12)
    const settings = { ...LEARNING, method: 'lora', learningRate: 0.01, maxSteps: 3 }
    const { id } = await lab.training.start({ force: true, settings, autoPromote: false })
    const { job, run } = await lab.ended(id)
    expect(job).toMatchObject({ status: 'SUCCEEDED', error: null })
    const { manifest, folder } = await lab.registry.get(run.candidateVersion as string)
    await lab.registry.verify(manifest.id)
    expect(Object.keys(manifest.files)).toContain('adapter/adapter_config.json')
    const adapter = await readSafetensors(join(folder, 'adapter/adapter_model.safetensors'))
    expect(adapter.has('base_model.model.bert.encoder.layer.0.intermediate.dense.lora_B.weight')).toBe(true)
    expect(adapter.has('base_model.model.qa_outputs.weight')).toBe(true)
  })

  it('goes on after the process ended in the middle, and makes every step', async () => {
    await lab.teach(12)
    const { id } = await lab.training.start({
      force: true,
      settings: { ...LEARNING, maxSteps: 30 },
      autoPromote: false,
    })
    const { id: runId } = (await lab.store.reader.runs.byJob(id)) ?? { id: '' }
    for await (const { step } of lab.training.watch(runId)) if (step >= 8) break
    await lab.restart()
    const { job, run } = await lab.ended(id)
    expect(job).toMatchObject({ status: 'SUCCEEDED' })
    const steps = await lab.store.reader.runs.steps(runId, 0)
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
    expect(run.candidateVersion).not.toBeNull()
    expect((await lab.models.current()).id).toBe(TINY_VERSION)

    // A crash after the promotion and before the last row: the job runs again and promotes nothing twice.
    await lab.models.promote(run.candidateVersion as string, { kind: 'MANUAL', reason: 'by hand' })
    await lab.store.transact(async ({ jobs, runs }) => {
      await runs.update(runId, { status: 'EVALUATING' })
      await jobs.update(id, { status: 'RUNNING' })
    })
    await lab.restart()
    expect((await lab.ended(id)).run.status).toBe('SUCCEEDED')
    expect(await lab.store.reader.promotions.history()).toHaveLength(2)
  })

  it('is cancelled while it trains, keeps its checkpoint, and another run goes on from there', async () => {
    await lab.teach(12)
    const { id } = await lab.training.start({ force: true, settings: { ...LEARNING, maxSteps: 100_000, epochs: 100 } })
    const { id: runId } = (await lab.store.reader.runs.byJob(id)) ?? { id: '' }
    await expect(lab.training.start({ resumeRun: runId })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    for await (const { step } of lab.training.watch(runId)) if (step >= 3) break
    await lab.jobs.cancel(id)
    const { job, run } = await lab.ended(id)
    expect(job).toMatchObject({ status: 'CANCELLED', error: { code: 'CANCELLED' } })
    expect(run).toMatchObject({ status: 'CANCELLED', candidateVersion: null })
    expect(await lab.registry.ids()).toEqual([TINY_VERSION])
    expect(await readdir(lab.registry.readersDir)).toEqual([TINY_VERSION])

    const faster = lab.training.start({ resumeRun: runId, settings: { learningRate: 0.0005 } })
    await expect(faster).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('learningRate'),
    })

    const before = (await lab.store.reader.runs.steps(runId, 0)).at(-1)?.step ?? 0
    const settings = { maxSteps: before + 5 }
    const resumed = await lab.ended((await lab.training.start({ resumeRun: runId, settings, autoPromote: false })).id)
    expect(resumed.run).toMatchObject({ status: 'SUCCEEDED', datasetId: run.datasetId })
    const [first] = await lab.store.reader.runs.steps(resumed.run.id, 0)
    expect(first?.step).toBeGreaterThan(1)
    await expect(lab.training.start({ resumeRun: runId })).rejects.toMatchObject({ code: 'NO_CHECKPOINT' })
  })

  it('removes the checkpoints of older unfinished runs when the next begins, but none that a queued run awaits', async () => {
    await lab.teach(12)
    const begin = async () => {
      const { id } = await lab.training.start({
        force: true,
        settings: { ...LEARNING, maxSteps: 1 },
        autoPromote: false,
      })
      return { jobId: id, runId: (await lab.store.reader.runs.byJob(id))?.id ?? '' }
    }
    // Five that a dead process left half done, the oldest of which is resumed after the one that prunes.
    const old = await lab.stopped(async () => {
      const runs = [await begin(), await begin(), await begin(), await begin(), await begin()]
      for (const { jobId, runId } of runs) {
        await lab.jobs.cancel(jobId)
        await mkdir(runFolder(runId), { recursive: true })
        await writeFile(join(runFolder(runId), 'left'), 'by a process that died')
      }
      await mkdir(runFolder('of-no-run'), { recursive: true })
      return runs
    })
    const [oldest, second, ...newest] = old.map(({ runId }) => runId) as [string, string, ...string[]]
    const resuming = await lab.stopped(async () => {
      const pruning = await begin()
      const { id } = await lab.training.start({ resumeRun: oldest })
      return { pruning, id }
    })
    expect((await lab.ended(resuming.pruning.jobId)).run.status).toBe('SUCCEEDED')
    const { run } = await lab.ended(resuming.id)
    expect(run.status).toBe('SUCCEEDED')
    expect(await exists(runFolder(second))).toBe(false)
    expect((await readdir(join(lab.dataDir, 'runs'))).sort()).toEqual([...newest].sort())
  })

  it.each([
    [
      'it is asked for',
      async () => {
        lab.readerForm = 'fp32'
      },
    ],
    ['int8 is not right here', () => alterManifest(join(lab.registry.readersDir, TINY_VERSION), alterInt8Canary)],
  ])('measures a candidate in fp32 where %s, and that is the form that it has', async (_, prepare) => {
    await prepare()
    await lab.restart()
    await lab.teach(12)
    const { id } = await lab.training.start({ settings: { ...LEARNING, maxSteps: 3 }, autoPromote: false })
    const { run } = await lab.ended(id)
    expect(run).toMatchObject({ status: 'SUCCEEDED', evaluation: { general: { candidate: { n: 24 } } } })
    const { id: candidate, manifest } = await lab.registry.get(run.candidateVersion as string)
    expect(Object.keys(manifest.forms)).toEqual(['fp32'])
    expect(manifest.forms.fp32).toMatchObject({ file: 'onnx/model.onnx', metrics: { general: { n: 24 } } })
    // Other programs open the int8 graph, whatever serves here.
    expect(Object.keys(manifest.files)).toContain('onnx/model_quantized.onnx')
    await lab.registry.verify(candidate)
  })

  it('learns from a SQuAD file too', async () => {
    const file = join(lab.folder, 'prices.json')
    const paragraphs = Array.from({ length: 12 }, (_, index) => {
      const { context, price } = priceTag(index)
      const answers = [{ text: price, answer_start: context.indexOf(price) }]
      return { context, qas: [{ id: `q${index}`, question: 'How much?', answers }] }
    })
    await writeFile(file, JSON.stringify({ data: [{ title: 'prices', paragraphs }] }))
    const { id } = await lab.training.start({ dataFile: file, force: true, settings: { ...LEARNING, maxSteps: 3 } })
    const { run } = await lab.ended(id)
    expect(run.status).toBe('SUCCEEDED')
    expect(await lab.store.reader.datasets.get(run.datasetId)).toMatchObject({ trainCount: 9, heldOutCount: 3 })
  })

  it('is not queued with unsafe settings or too few labels', async () => {
    await lab.teach(3)
    await expect(lab.training.start({ settings: { learningRate: 0.01 } })).rejects.toMatchObject({
      code: 'UNSAFE_SETTINGS',
      message: expect.stringContaining('learningRate'),
    })
    await expect(lab.training.start()).rejects.toMatchObject({ code: 'TOO_FEW_LABELS' })
    await expect(lab.training.start({ resumeRun: 'none' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    await expect(lab.training.watch('none').next()).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    expect((await lab.store.reader.jobs.page({ first: 10 })).items).toEqual([])
  })

  it('fails with what went wrong when its parent was damaged meanwhile, and its run says so', async () => {
    await lab.teach(12)
    await lab.models.current()
    await writeFile(join(lab.registry.readersDir, TINY_VERSION, 'model.safetensors'), 'not weights')
    const { id } = await lab.training.start({ force: true, settings: { ...LEARNING, maxSteps: 3 } })
    const { job, run } = await lab.ended(id)
    expect(job).toMatchObject({ status: 'FAILED', error: { code: 'MODEL_CORRUPT' } })
    expect(run).toMatchObject({ status: 'FAILED', candidateVersion: null })
    expect(run.finishedAt).not.toBeNull()
    await expect(lab.training.start({ resumeRun: run.id })).rejects.toMatchObject({ code: 'NO_CHECKPOINT' })
  })
})
