/** Model versions: which readers there are, which one answers, and changing that. */
import type { Promotion } from '../domain.js'
import type { ModelVersion } from '../registry/registry.js'
import { builder } from './builder.js'

const PromotionType = builder.objectRef<Promotion>('Promotion').implement({
  description: 'One change of the current model version.',
  fields: (t) => ({
    modelVersion: t.exposeID('modelVersion'),
    kind: t.field({
      type: builder.enumType('PromotionKind', { values: ['INITIAL', 'GATE', 'MANUAL', 'ROLLBACK'] as const }),
      resolve: (promotion) => promotion.kind,
    }),
    reason: t.exposeString('reason'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

const ModelVersionType = builder.objectRef<ModelVersion>('ModelVersion').implement({
  description: 'An immutable folder of `models/reader/`.',
  fields: (t) => ({
    id: t.exposeID('id'),
    current: t.boolean({
      description: 'It answers the questions.',
      resolve: async ({ id }, _, { services }) =>
        (await services.store.reader.promotions.current())?.modelVersion === id,
    }),
    servedForm: t.field({
      type: builder.enumType('ReaderForm', {
        description: 'How the same weights are computed: with integers, or with floats where integers are not right.',
        values: { INT8: { value: 'int8' }, FP32: { value: 'fp32' } } as const,
      }),
      nullable: true,
      description:
        'The form in which it answers here, chosen by its canary when it was opened. Null while it is not open.',
      resolve: ({ id }, _, { services }) => services.servedForm(id) ?? null,
    }),
    architecture: t.string({ resolve: ({ manifest }) => manifest.architecture }),
    parent: t.id({ nullable: true, resolve: ({ manifest }) => manifest.parent }),
    datasetHash: t.string({ nullable: true, resolve: ({ manifest }) => manifest.datasetHash }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ manifest }) => new Date(manifest.createdAt) }),
    manifest: t.field({ type: 'JSON', resolve: ({ manifest }) => manifest }),
    promotions: t.field({
      type: [PromotionType],
      description: 'When it was made current, newest first.',
      resolve: async ({ id }, _, { services }) =>
        (await services.store.reader.promotions.history()).filter(({ modelVersion }) => modelVersion === id),
    }),
  }),
})

builder.queryFields((t) => ({
  modelVersion: t.field({
    type: ModelVersionType,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, { services }) => services.registry.get(id),
  }),
  modelVersions: t.field({
    type: [ModelVersionType],
    description: 'Every reader version on disk, newest first.',
    resolve: (_, __, { services }) => services.registry.list(),
  }),
  promotions: t.field({
    type: [PromotionType],
    description: 'Who was made current when and why, newest first.',
    resolve: (_, __, { services }) => services.store.reader.promotions.history(),
  }),
}))

builder.mutationFields((t) => ({
  promoteModel: t.field({
    type: ModelVersionType,
    description: 'Verifies the files, makes it current and swaps it in while questions are answered.',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string() },
    resolve: (_, { id, reason }, { services }) =>
      services.models.promote(id, { kind: 'MANUAL', reason: reason ?? 'promoted by hand' }),
  }),
  rollbackModel: t.field({
    type: ModelVersionType,
    description: 'Back to the version that was current before.',
    args: { reason: t.arg.string({ required: true }) },
    resolve: (_, { reason }, { services }) => services.models.rollback(reason),
  }),
  verifyModel: t.field({
    type: ModelVersionType,
    description: 'Checks the hash of every file.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => {
      await services.registry.verify(id)
      return services.registry.get(id)
    },
  }),
}))
