/**
 * Runs the step table. A step is
 *   isDone(context, steps)       cheap: its inputs are those of its stamp and its results lie there
 *   run(context, doing, steps)   does it and stamps it; what it returns is said behind the time it took
 */
import { removeStamp } from './stamps.mjs'

/** @throws what the first failing step threw; steps that run beside it end with the process. */
export async function runSteps(steps, context, reporter) {
  const done = new Map()
  const runs = steps.map((step, index) => {
    const needed = step.needs.map((name) => done.get(name))
    const run = Promise.all(needed).then(() => runStep(step, index + 1, steps, context, reporter))
    done.set(step.name, run)
    return run
  })
  await Promise.all(runs)
}

async function runStep(step, number, steps, context, reporter) {
  if (step.isDone(context, steps)) return reporter.end(number, step.title, 'unchanged')
  reporter.begin(number, step.title)
  removeStamp(context, step.name)
  const outcome = await step.run(context, (text) => reporter.doing(number, text), steps)
  reporter.end(number, step.title, outcome)
}
