/**
 * What a model puts around a question and a context, read from the post-processor of its `tokenizer.json`:
 * `[CLS] question [SEP] context [SEP]` in BERT, `<s> question </s></s> context </s>` in RoBERTa.
 */
import { z } from 'zod'

export interface PairTemplate {
  /** Special tokens before the question. The first is the one that stands for "no answer". */
  readonly before: readonly number[]
  readonly between: readonly number[]
  readonly after: readonly number[]
  /** Token type of the context and of what follows it: 1 in BERT, 0 where a model tells no types apart. */
  readonly contextType: number
}

const tokenPairSchema = z.tuple([z.string(), z.int()])

const bertSchema = z.object({ type: z.literal('BertProcessing'), sep: tokenPairSchema, cls: tokenPairSchema })
const robertaSchema = z.object({ type: z.literal('RobertaProcessing'), sep: tokenPairSchema, cls: tokenPairSchema })

const pieceSchema = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int() }) }),
  z.object({ Sequence: z.object({ id: z.enum(['A', 'B']), type_id: z.int() }) }),
])
const templateSchema = z.object({
  type: z.literal('TemplateProcessing'),
  pair: z.array(pieceSchema),
  special_tokens: z.record(z.string(), z.object({ tokens: z.array(z.string()) })),
})
const sequenceSchema = z.object({ type: z.literal('Sequence'), processors: z.array(z.unknown()) })

const processorSchema = z.union([bertSchema, robertaSchema, templateSchema, sequenceSchema])

/**
 * @param idOf the number of a special token; throws when there is none.
 * @returns null when the post-processor puts no question and context together.
 */
export function readPairTemplate(postProcessor: unknown, idOf: (token: string) => number): PairTemplate | null {
  const parsed = processorSchema.safeParse(postProcessor)
  if (!parsed.success) return null
  const processor = parsed.data
  if (processor.type === 'Sequence') {
    const found = processor.processors.map((inner) => readPairTemplate(inner, idOf))
    return found.find((template) => template !== null) ?? null
  }
  if (processor.type === 'TemplateProcessing') return readTemplate(processor, idOf)
  const [cls, sep] = [idOf(processor.cls[0]), idOf(processor.sep[0])]
  return processor.type === 'BertProcessing'
    ? { before: [cls], between: [sep], after: [sep], contextType: 1 }
    : { before: [cls], between: [sep, sep], after: [sep], contextType: 0 }
}

function readTemplate(
  { pair, special_tokens: specialTokens }: z.output<typeof templateSchema>,
  idOf: (token: string) => number,
): PairTemplate | null {
  const places = (name: 'A' | 'B') => pair.findIndex((piece) => 'Sequence' in piece && piece.Sequence.id === name)
  const [question, context] = [places('A'), places('B')]
  const contextPiece = pair[context]
  if (question < 1 || context < question || !contextPiece || !('Sequence' in contextPiece)) return null
  const idsOf = (from: number, to?: number): number[] =>
    pair
      .slice(from, to)
      .flatMap((piece) => ('SpecialToken' in piece ? (specialTokens[piece.SpecialToken.id]?.tokens ?? []) : []))
      .map(idOf)
  return {
    before: idsOf(0, question),
    between: idsOf(question + 1, context),
    after: idsOf(context + 1),
    contextType: contextPiece.Sequence.type_id,
  }
}
