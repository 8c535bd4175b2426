/** The step table, from top to bottom. A step begins when those it needs are done; what does not wait runs side by side. */
import { buildStep } from './build.mjs'
import { makeContext } from './context.mjs'
import { withLock } from './lock.mjs'
import { machineStep } from './machine.mjs'
import { modelsStep } from './models.mjs'
import { nativeStep } from './native.mjs'
import { packagesStep } from './packages.mjs'
import { SetupProblem } from './problem.mjs'
import { Reporter } from './reporter.mjs'
import { runSteps } from './steps.mjs'
import { tfjsStep } from './tfjs.mjs'
import { weightsStep } from './weights.mjs'

export const STEPS = [
  { ...machineStep, name: 'machine', title: 'Checking this machine', needs: [] },
  { ...packagesStep, name: 'packages', title: 'Installing packages', needs: ['machine'] },
  { ...nativeStep, name: 'native', title: 'Compiling hnswlib-node and better-sqlite3', needs: ['packages'] },
  { ...tfjsStep, name: 'tfjs', title: 'Fetching libtensorflow and compiling tfjs-node', needs: ['packages'] },
  { ...weightsStep, name: 'weights', title: 'Fetching the embedder weights', needs: ['machine'] },
  { ...buildStep, name: 'build', title: 'Compiling Docent', needs: ['packages'] },
  { ...modelsStep, name: 'models', title: 'Writing the model graphs', needs: ['build', 'weights'] },
]

/** @returns the exit status: 0 done, 1 something is missing, 130 interrupted. */
export async function setUp(args) {
  const context = makeContext(readPurpose(args))
  const reporter = new Reporter(STEPS.length)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupted(context, reporter))
  try {
    await withLock(context, reporter, () => runSteps(STEPS, context, reporter))
    return 0
  } catch (error) {
    reporter.stop()
    if (!(error instanceof SetupProblem)) console.error(error)
    console.error(`\nSet-up stopped: ${error.message}`)
    if (error.logFile) console.error(`(the whole log: ${error.logFile})`)
    return 1
  } finally {
    reporter.stop()
  }
}

/** What set-up is run for: `setup`, `start` or `test`. */
function readPurpose(args) {
  const purpose = args.find((arg) => arg.startsWith('--for='))?.slice('--for='.length) ?? 'setup'
  if (['setup', 'start', 'test'].includes(purpose)) return purpose
  console.error(`--for=${purpose} is none of start, test`)
  process.exit(1)
}

/** Commands end with this process (supervise.mjs); what they left half done is recognised and done again. */
function interrupted(context, reporter) {
  reporter.stop()
  context.releaseLock?.()
  console.error('\nSet-up was interrupted. Run it again to go on where it stopped.')
  process.exit(130)
}
