/** The text from which an int8 graph learns how large values get, as a model's own tokenizer numbers it. */
import { Tokenizer } from '../text/tokenizer.js'
import { DEFAULT_WINDOW_SETTINGS, makeWindows } from '../text/windows.js'
import { CALIBRATION_TEXT } from './activations.js'

/**
 * Every process that writes a graph numbers it so: the same model gives the same bytes, whoever writes them.
 * @throws MODEL_INCOMPATIBLE when the folder's tokenizer cannot be read
 */
export async function numberCalibrationText(folder: string): Promise<readonly number[]> {
  const tokenizer = await Tokenizer.open(folder)
  const question = await tokenizer.encode(CALIBRATION_TEXT.question)
  const passage = await tokenizer.encode(CALIBRATION_TEXT.passage)
  const [window] = makeWindows(question, passage, tokenizer, DEFAULT_WINDOW_SETTINGS)
  return [...(window?.inputIds ?? [])]
}
