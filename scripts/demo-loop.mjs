/**
 * node scripts/demo-loop.mjs [--epochs N] [--learning-rate X] [--models FOLDER]
 *
 * The whole loop with the bundled reader on the sample documents, in folders of its own: asks the questions of
 * samples/questions.json, corrects what came out wrong in one half of them, has the corrections accepted, trains, lets the
 * gate decide, swaps while questions go on, asks again, and rolls back. The other half is never corrected: what changes
 * there was learnt, not memorised.
 */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isRight } from './lib/questions.mjs'
import { finishedJob, quietJobs, root, startServer } from './lib/server.mjs'

const { values } = parseArgs({
  options: {
    epochs: { type: 'string' },
    'learning-rate': { type: 'string' },
    models: { type: 'string', default: join(root, 'models') },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log('usage: node scripts/demo-loop.mjs [--epochs N] [--learning-rate X] [--models FOLDER]')
  process.exit(0)
}

const say = (text = '') => console.log(text)
const heading = (text) => say(`\n== ${text}`)

const ASK = `query($question: String!) {
  ask(question: $question) { interactionId abstained modelVersion answers { id text confidence document { externalId } }
    passages { text start documentVersion document { id externalId } } }
}`

async function askAll(gql, questions) {
  const results = new Map()
  for (const row of questions) results.set(row, (await gql(ASK, { question: row.question })).ask)
  return results
}

const countRight = (rows, results) => rows.filter((row) => isRight(row, results.get(row))).length

/** Submits what a careful user would, and accepts it as a reviewer would. Returns how many became labels. */
async function correct(gql, row, result, documents) {
  const right = isRight(row, result)
  let input
  if (row.answer === null) {
    if (right) return 0
    input = { interactionId: result.interactionId, verdict: 'NO_ANSWER' }
  } else if (right && result.answers[0].text === row.answer) {
    input = { interactionId: result.interactionId, verdict: 'CORRECT', answerId: result.answers[0].id }
  } else {
    const correction = { documentId: documents.get(row.document), text: row.answer, ...placeOf(row, result) }
    input = { interactionId: result.interactionId, verdict: 'CORRECTED', correction }
  }
  const submit = 'mutation($input: FeedbackInput!) { submitFeedback(input: $input) { id } }'
  try {
    const { submitFeedback } = await gql(submit, { input })
    await gql(
      'mutation($id: ID!) { reviewCorrection(id: $id, decision: ACCEPT, reason: "demo") { status } }',
      submitFeedback,
    )
    return 1
  } catch (error) {
    say(`  not taken: "${row.question}": ${error.message}`)
    return 0
  }
}

/** Where a user who looks at the passages would mark it; left to be found by the text where no passage has it. */
function placeOf({ answer, document }, { passages }) {
  const passage = passages.find((each) => each.document.externalId === document && each.text.includes(answer))
  if (!passage) return {}
  const start = passage.start + passage.text.indexOf(answer)
  return { documentVersion: passage.documentVersion, start, end: start + answer.length }
}

async function documentIds(gql) {
  const ids = new Map()
  let after = null
  do {
    const page = await gql(
      'query($after: String) { documents(first: 100, after: $after) { edges { node { id externalId } } pageInfo { hasNextPage endCursor } } }',
      { after },
    )
    for (const { node } of page.documents.edges) ids.set(node.externalId, node.id)
    after = page.documents.pageInfo.hasNextPage ? page.documents.pageInfo.endCursor : null
  } while (after)
  return ids
}

/** Asks several times a second until told to stop; any failed request is thrown at the end. */
function askMeanwhile(gql, questions) {
  let stopped = false
  const versions = new Map()
  const done = (async () => {
    for (let i = 0; !stopped; i++) {
      const { ask } = await gql(ASK, { question: questions[i % questions.length].question })
      versions.set(ask.modelVersion, (versions.get(ask.modelVersion) ?? 0) + 1)
      await delay(300)
    }
    return versions
  })()
  return () => {
    stopped = true
    return done
  }
}

const points = (score) => `F1 ${score.f1.toFixed(1)}, exact match ${score.exactMatch.toFixed(1)} (n = ${score.n})`

const questions = JSON.parse(await readFile(join(root, 'samples/questions.json'), 'utf8'))
const corrected = questions.filter((_, index) => index % 2 === 0)
const untouched = questions.filter((_, index) => index % 2 === 1)
// Trained versions stay out of the checkout's own models folder.
const modelsDir = await mkdtemp(join(tmpdir(), 'docent-models-'))
await cp(values.models, modelsDir, { recursive: true })
const server = await startServer({ samplesDir: join(root, 'samples'), env: { DOCENT_MODELS_DIR: modelsDir } })
const { gql } = server
try {
  heading('Ingesting the sample documents')
  const { chunks } = await quietJobs(gql, (health) =>
    process.stderr.write(`  ${health.chunks} chunks, ${health.queuedJobs} files to go\n`),
  )
  const documents = await documentIds(gql)
  say(`  ${documents.size} documents, ${chunks} chunks`)

  heading('Asking')
  const before = await askAll(gql, questions)
  say(`  right at first: ${countRight(corrected, before)} of ${corrected.length} that will be corrected,`)
  say(`                  ${countRight(untouched, before)} of ${untouched.length} that will not`)

  heading('Correcting one half, and accepting the corrections')
  let labels = 0
  for (const row of corrected) labels += await correct(gql, row, before.get(row), documents)
  say(`  ${labels} labels`)

  heading('Training from them')
  const input = {
    ...(values.epochs && { epochs: Number(values.epochs) }),
    ...(values['learning-rate'] && { learningRate: Number(values['learning-rate']) }),
  }
  const { startTraining } = await gql(
    'mutation($input: TrainingInput) { startTraining(input: $input) { id run { id } } }',
    { input },
  )
  const stopAsking = askMeanwhile(gql, untouched)
  let stage = ''
  await finishedJob(gql, startTraining.id, {
    onProgress: (progress) => {
      if (progress.stage !== stage) say(`  ${progress.stage}`)
      stage = progress.stage
    },
  })
  const { run } = await gql(
    `query($id: ID!) { run(id: $id) { candidateVersion parentVersion steps { step loss } evaluation { decision reason
      heldOut { serving { n f1 exactMatch } candidate { n f1 exactMatch } }
      general { serving { n f1 exactMatch } candidate { n f1 exactMatch } } } } }`,
    { id: startTraining.run.id },
  )
  const { evaluation: report, steps } = run
  say(`  ${steps.length} steps, loss ${steps[0].loss.toFixed(2)} -> ${steps.at(-1).loss.toFixed(2)}`)

  heading('The gate')
  say(`  held-out corrections   serving   ${points(report.heldOut.serving)}`)
  say(`                         candidate ${points(report.heldOut.candidate)}`)
  say(`  general set            serving   ${points(report.general.serving)}`)
  say(`                         candidate ${points(report.general.candidate)}`)
  say(`  ${report.decision}: ${report.reason}`)
  if (report.decision === 'KEEP') {
    say('  Promoted by hand, to show the swap and what changes.')
    await gql('mutation($id: ID!) { promoteModel(id: $id, reason: "demonstration, against the gate") { id } }', {
      id: run.candidateVersion,
    })
  }

  heading('Asking again')
  const after = await askAll(gql, questions)
  const served = await stopAsking()
  say(`  meanwhile, without one failed request: ${[...served].map(([id, n]) => `${n} answers by ${id}`).join(', ')}`)
  say(
    `  right now: ${countRight(corrected, after)} of ${corrected.length} that were corrected (${countRight(corrected, before)} before),`,
  )
  say(
    `             ${countRight(untouched, after)} of ${untouched.length} that were not (${countRight(untouched, before)} before)`,
  )
  for (const row of questions) {
    const [old, now] = [before.get(row), after.get(row)]
    if (isRight(row, old) === isRight(row, now)) continue
    const quote = (result) => (result.abstained ? '(no answer)' : `"${result.answers[0].text.replaceAll(/\s+/g, ' ')}"`)
    say(`  ${isRight(row, now) ? 'better' : 'worse '}  ${row.question}\n          ${quote(old)} -> ${quote(now)}`)
  }

  heading('Rolling back')
  const { rollbackModel } = await gql('mutation { rollbackModel(reason: "end of the demonstration") { id } }')
  const { ask } = await gql(ASK, { question: questions[0].question })
  say(`  current: ${rollbackModel.id}; the next question was answered by ${ask.modelVersion}`)
} finally {
  await server.stop()
  await rm(modelsDir, { recursive: true, force: true })
}
