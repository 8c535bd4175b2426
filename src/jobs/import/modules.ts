/**
 * What sentence-transformers does around the encoder, as its files say it. Docent embeds a text as it is, pools and norms;
 * whatever does more or less than that is refused by name.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { DocentError } from '../../errors.js'
import { LENGTH_FILE, readOptional } from '../../registry/embedder-config.js'
import type { NormalisedTokenizer } from './tokenizer.js'

const MODULES_FILE = 'modules.json'
const SETTINGS_FILE = 'config_sentence_transformers.json'
export const MODULE_FILES = [MODULES_FILE, SETTINGS_FILE] as const

const KNOWN_MODULES = ['Transformer', 'Pooling', 'Normalize']

const modulesSchema = z.array(z.looseObject({ type: z.string() }))
const settingsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string()).nullish(),
  similarity_fn_name: z.string().nullish(),
})
const lengthSchema = z.looseObject({ do_lower_case: z.boolean().nullish() })

/** @throws MODEL_INCOMPATIBLE, MODEL_CORRUPT */
export async function checkModules(folder: string, { file: tokenizer }: NormalisedTokenizer): Promise<void> {
  const modules = (await readOptional(join(folder, MODULES_FILE), modulesSchema)) ?? []
  // `sentence_transformers.models.Dense`
  const unknown = modules
    .map(({ type }) => type.split('.').at(-1) as string)
    .find((type) => !KNOWN_MODULES.includes(type))
  if (unknown !== undefined) refuse(`${MODULES_FILE}: ${unknown} is none of ${KNOWN_MODULES.join(', ')}`)
  const settings = await readOptional(join(folder, SETTINGS_FILE), settingsSchema)
  const prompt = Object.entries(settings?.prompts ?? {}).find(([, text]) => text !== '')
  if (prompt) refuse(`${SETTINGS_FILE}: it wants ${JSON.stringify(prompt[1])} before a ${prompt[0]}`)
  const similarity = settings?.similarity_fn_name ?? 'cosine'
  if (similarity !== 'cosine') refuse(`${SETTINGS_FILE}: vectors are compared by ${similarity}, not by cosine`)
  const length = await readOptional(join(folder, LENGTH_FILE), lengthSchema)
  if (length?.do_lower_case && !JSON.stringify(tokenizer.normalizer ?? null).includes('"lowercase":true')) {
    refuse(`${LENGTH_FILE}: text is put into lower case before a tokenizer that tells the two apart`)
  }
}

function refuse(reason: string): never {
  throw new DocentError('MODEL_INCOMPATIBLE', reason)
}
