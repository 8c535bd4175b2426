import type { ReaderScore } from '../domain.js'
import { bootstrapInterval, type Interval } from './bootstrap.js'
import { type AnswerScore, toReaderScore } from './squad-metric.js'

export interface ScoreWithIntervals extends ReaderScore {
  /** 95 % bootstrap over questions, percent. */
  readonly exactMatchInterval: Interval
  readonly f1Interval: Interval
}

export function scoreWithIntervals(questions: readonly AnswerScore[]): ScoreWithIntervals {
  return {
    ...toReaderScore(questions),
    exactMatchInterval: bootstrapInterval(questions.map(({ exact }) => 100 * exact)),
    f1Interval: bootstrapInterval(questions.map(({ f1 }) => 100 * f1)),
  }
}
