/** samples/questions.json: what to ask of the samples, the file that answers, and the words in it (null: nothing does). */
import { scoreAnswer } from '../../dist/evaluate/squad-metric.js'

/** A quote may be a little longer or shorter than the words that were expected: SQuAD's F1 of the two, at least this. */
const RIGHT_F1 = 0.4

/** Right: an abstention where nothing answers, else a first answer that says what was expected. */
export function isRight({ answer }, { abstained, answers }) {
  if (answer === null || abstained) return abstained && answer === null
  return scoreAnswer([answer], answers[0].text, '1.1').f1 >= RIGHT_F1
}
