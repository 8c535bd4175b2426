import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { createFile, exists, hashFile } from '../../durable.js'
import { DocentError } from '../../errors.js'
import { MODEL_FORMS, type ModelForm } from '../../onnx/export-model.js'
import { writeGraph } from '../../onnx/lay-graph.js'
import { Registry } from '../../registry/registry.js'
import { finish } from '../command.js'

interface Options {
  readonly json?: boolean
  readonly form: ModelForm
  readonly out: string
}

/** From the version's weights; needs no server, no store and no data directory. */
export function addExport(models: Command, environment: NodeJS.ProcessEnv): void {
  const command = models
    .command('export')
    .argument('<id>')
    .description('Write its ONNX graph for another program. The standard form has operators of ONNX opset 17 alone.')
    .addOption(new Option('--form <form>', 'int8 and fp32 need ONNX Runtime').choices(MODEL_FORMS).default('standard'))
    .requiredOption('--out <file>', 'the .onnx file to write')
  finish<Options>(
    command,
    environment,
    [
      'docent models export bundled-4 --out reader.onnx',
      'docent models export bundled-4 --form int8 --out reader.onnx',
    ],
    async ({ config, log, print }, { form, out }, [id = '']) => {
      const registry = new Registry({ modelsDir: config.modelsDir, log })
      const { folder } = await registry.get(id)
      // A graph of damaged weights would be a damage that nothing shows.
      await registry.verify(id)
      const path = resolve(out)
      if (!(await exists(dirname(path))))
        throw new DocentError('INVALID_INPUT', `--out: there is no folder ${dirname(path)}`)
      await createFile(path, dirname(path), (aside) => writeGraph(folder, form, aside))
      const [{ size: bytes }, sha256] = [await stat(path), await hashFile(path)]
      print({ model: id, form, path, bytes, sha256 }, () => `${path}: ${id} in its ${form} form, ${bytes} bytes`)
    },
  )
}
