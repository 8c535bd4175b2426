import { expect, test } from 'vitest'
import { readPairTemplate } from '../../src/text/pair-template.js'

const ids: Record<string, number> = { '[CLS]': 7, '[SEP]': 8, '<s>': 0, '</s>': 2 }
const idOf = (token: string): number => {
  if (token in ids) return ids[token] as number
  throw new Error(`no ${token}`)
}

const special = (id: string, type_id = 0) => ({ SpecialToken: { id, type_id } })
const sequence = (id: string, type_id = 0) => ({ Sequence: { id, type_id } })
const template = {
  type: 'TemplateProcessing',
  single: [],
  pair: [special('[CLS]'), sequence('A'), special('[SEP]'), sequence('B', 1), special('[SEP]', 1)],
  // The numbers that count are those of the vocabulary.
  special_tokens: {
    '[CLS]': { id: '[CLS]', ids: [99], tokens: ['[CLS]'] },
    '[SEP]': { id: '[SEP]', ids: [98], tokens: ['[SEP]'] },
  },
}
const bert = { before: [7], between: [8], after: [8], contextType: 1 }

test('reads the post-processors of all four architectures', () => {
  expect(readPairTemplate(template, idOf)).toEqual(bert)
  expect(readPairTemplate({ type: 'BertProcessing', cls: ['[CLS]', 1], sep: ['[SEP]', 2] }, idOf)).toEqual(bert)
  const roberta = { type: 'RobertaProcessing', cls: ['<s>', 0], sep: ['</s>', 2], trim_offsets: true }
  expect(readPairTemplate(roberta, idOf)).toEqual({ before: [0], between: [2, 2], after: [2], contextType: 0 })
  const behind = { type: 'Sequence', processors: [{ type: 'ByteLevel', trim_offsets: true }, template] }
  expect(readPairTemplate(behind, idOf)).toEqual(bert)
})

test('a post-processor that puts no pair together gives none', () => {
  const { pair } = template
  for (const other of [
    null,
    { type: 'ByteLevel' },
    { type: 'Sequence', processors: [] },
    { ...template, pair: pair.slice(0, 3) },
    // The first token stands for "no answer": there has to be one.
    { ...template, pair: pair.slice(1) },
    { ...template, pair: [special('[CLS]'), sequence('B'), special('[SEP]'), sequence('A')] },
  ]) {
    expect(readPairTemplate(other, idOf)).toBeNull()
  }
})

test('a special token that the vocabulary lacks is an error', () => {
  expect(() => readPairTemplate({ type: 'BertProcessing', cls: ['[CLS]', 1], sep: ['[END]', 2] }, idOf)).toThrow(
    'no [END]',
  )
})
