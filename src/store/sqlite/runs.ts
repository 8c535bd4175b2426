import type { Kysely } from 'kysely'
import type { Page, Run, TrainingStep } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { PageRequest, RunReader, RunWriter } from '../store.js'
import { readPage } from './pages.js'
import { fromJson, fromTime, ifGiven, orNull, type RunRow, type Schema, toJson, toTime } from './schema.js'

export class RunReads implements RunReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Run | undefined> {
    const row = await this.database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  async byJob(jobId: string): Promise<Run | undefined> {
    const row = await this.database.selectFrom('runs').selectAll().where('job_id', '=', jobId).executeTakeFirst()
    return row && fromRow(row)
  }

  page(request: PageRequest): Promise<Page<Run>> {
    return readPage(this.database.selectFrom('runs').selectAll(), request, fromRow)
  }

  async steps(runId: string, afterStep: number): Promise<TrainingStep[]> {
    const rows = await this.database
      .selectFrom('training_steps')
      .selectAll()
      .where('run_id', '=', runId)
      .where('step', '>', afterStep)
      .orderBy('step')
      .execute()
    return rows.map((row) => ({
      runId,
      step: row.step,
      totalSteps: row.total_steps,
      loss: row.loss,
      validationLoss: row.validation_loss,
      learningRate: row.learning_rate,
      gradientNorm: row.gradient_norm,
      tokensPerSecond: row.tokens_per_second,
      memoryMb: row.memory_mb,
      secondsLeft: row.seconds_left,
      at: fromTime(row.at),
    }))
  }
}

export class Runs extends RunReads implements RunWriter {
  async insert(run: Run): Promise<void> {
    await this.database
      .insertInto('runs')
      .values({
        id: run.id,
        job_id: run.jobId,
        dataset_id: run.datasetId,
        parent_version: run.parentVersion,
        settings: toJson(run.settings),
        status: run.status,
        candidate_version: run.candidateVersion,
        evaluation: orNull(run.evaluation, toJson),
        created_at: toTime(run.createdAt),
        finished_at: orNull(run.finishedAt, toTime),
      })
      .execute()
  }

  async update(id: string, changes: Parameters<RunWriter['update']>[1]): Promise<void> {
    // The id stands among the columns because an update of none would be no SQL.
    const columns = {
      id,
      status: changes.status,
      candidate_version: changes.candidateVersion,
      evaluation: ifGiven(changes.evaluation, toJson),
      finished_at: ifGiven(changes.finishedAt, toTime),
    }
    const result = await this.database.updateTable('runs').set(columns).where('id', '=', id).executeTakeFirst()
    if (result.numUpdatedRows === 0n) throw new DocentError('RUN_NOT_FOUND', `there is no training run ${id}`)
  }

  async putStep(step: TrainingStep): Promise<void> {
    const values = {
      total_steps: step.totalSteps,
      loss: step.loss,
      validation_loss: step.validationLoss,
      learning_rate: step.learningRate,
      gradient_norm: step.gradientNorm,
      tokens_per_second: step.tokensPerSecond,
      memory_mb: step.memoryMb,
      seconds_left: step.secondsLeft,
      at: toTime(step.at),
    }
    await this.database
      .insertInto('training_steps')
      .values({ run_id: step.runId, step: step.step, ...values })
      .onConflict((conflict) => conflict.columns(['run_id', 'step']).doUpdateSet(values))
      .execute()
  }
}

function fromRow(row: RunRow): Run {
  return {
    id: row.id,
    jobId: row.job_id,
    datasetId: row.dataset_id,
    parentVersion: row.parent_version,
    settings: fromJson(row.settings),
    status: row.status,
    candidateVersion: row.candidate_version,
    evaluation: orNull(row.evaluation, (json) => fromJson<NonNullable<Run['evaluation']>>(json)),
    createdAt: fromTime(row.created_at),
    finishedAt: orNull(row.finished_at, fromTime),
  }
}
