/** Step 7: the graphs of the bundled models, written by Docent's own exporter (src/onnx/lay-models.ts). */
import { basename, dirname } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'
import { explainFailure } from './problem.mjs'
import { describeFiles, hashOf, hashTree, isUnchanged, listFiles, readStamp, writeStamp } from './stamps.mjs'

/** Others were imported, and are none of ours. */
const EMBEDDER = 'models/embedder/all-MiniLM-L6-v2'
/** Of the embedder's folder, beside what lies in onnx/. */
const WRITTEN = ['manifest.json', 'sentence_bert_config.json']
/** The rooms whose code decides what is written. */
const ROOMS = ['dist/onnx', 'dist/registry']

export const modelsStep = {
  isDone: (context) => {
    const stamp = readStamp(context, 'models')
    if (stamp?.inputs !== hashInputs(context)) return false
    return isUnchanged(context, stamp.written)
  },
  run: async (context) => {
    const inputs = hashInputs(context)
    try {
      await runCommand(context, 'models', process.execPath, ['dist/onnx/lay-models.js'])
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      throw explainFailure(context, 'Writing the model graphs', error)
    }
    const written = describeFiles(
      context,
      modelFiles(context).filter((file) => !isInput(file)),
    )
    writeStamp(context, 'models', { inputs, written })
  },
}

function hashInputs(context) {
  const inputs = describeFiles(context, modelFiles(context).filter(isInput))
  return hashOf([...inputs.map((input) => JSON.stringify(input)), hashTree(context.root, ROOMS)])
}

/** Files of the bundled models. A reader that was trained here has no `trained.safetensors` and is none of ours. */
function modelFiles(context) {
  const readers = listFiles(context.root, 'models/reader').filter((file) => basename(file) === 'trained.safetensors')
  return [EMBEDDER, ...readers.map((file) => dirname(file))].flatMap((folder) => listFiles(context.root, folder)).sort()
}

function isInput(file) {
  if (file.startsWith(EMBEDDER)) return basename(dirname(file)) !== 'onnx' && !WRITTEN.includes(basename(file))
  return ['trained.safetensors', 'config.json', 'manifest.json'].includes(basename(file))
}
