/** Where a quote or a passage stands in the file that was uploaded: for a citation that a person can follow. */
import type { Place } from '../domain.js'
import { builder } from './builder.js'
import type { GraphqlContext } from './context.js'
import { documentOf } from './lookup.js'

interface Span {
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
}

interface Location {
  readonly title: string
  readonly headingPath: readonly string[]
  readonly places: readonly Place[]
}

const BlockKindType = builder.enumType('BlockKind', {
  values: ['heading', 'paragraph', 'list', 'table', 'code'] as const,
})

const PageBoxType = builder.objectRef<{ page: number; box: NonNullable<Place['box']> }>('PageBox').implement({
  description: 'A rectangle on a page, in points (1/72 inch) from the top left corner of the page as it is shown.',
  fields: (t) => ({
    page: t.exposeInt('page'),
    left: t.float({ resolve: ({ box }) => box[0] }),
    top: t.float({ resolve: ({ box }) => box[1] }),
    right: t.float({ resolve: ({ box }) => box[2] }),
    bottom: t.float({ resolve: ({ box }) => box[3] }),
  }),
})

export const LocationType = builder.objectRef<Location>('Location').implement({
  description: 'Where a span stands in the uploaded file. What its format does not have is null.',
  fields: (t) => ({
    label: t.string({
      description: 'For a citation: "Travel policy, 3.2 Meals, page 7".',
      resolve: labelOf,
    }),
    headingPath: t.stringList({ resolve: ({ headingPath }) => [...headingPath] }),
    kind: t.field({ type: BlockKindType, nullable: true, resolve: ({ places }) => places[0]?.kind ?? null }),
    page: t.int({ nullable: true, description: 'From 1.', resolve: ({ places }) => places[0]?.page ?? null }),
    lastPage: t.int({ nullable: true, resolve: ({ places }) => places.at(-1)?.page ?? null }),
    sheet: t.string({ nullable: true, resolve: ({ places }) => places[0]?.sheet ?? null }),
    slide: t.int({ nullable: true, description: 'From 1.', resolve: ({ places }) => places[0]?.slide ?? null }),
    row: t.int({ nullable: true, description: 'Of a table, from 1.', resolve: ({ places }) => places[0]?.row ?? null }),
    boxes: t.field({
      type: [PageBoxType],
      description: 'The lines on their pages: what a viewer marks.',
      resolve: ({ places }) =>
        places.flatMap(({ page, box }) => (page !== null && box !== null ? [{ page, box }] : [])),
    }),
  }),
})

/** A deleted document has no title, no headings and no places any more. */
export async function locationOf(span: Span, context: GraphqlContext): Promise<Location> {
  const { documents } = context.services.store.reader
  const [document, headingPath, places] = await Promise.all([
    documentOf(span.documentId, context),
    documents.headingPath(span.documentId, span.documentVersion, span.start),
    documents.places(span.documentId, span.documentVersion, span.start, span.end),
  ])
  return { title: document.title, headingPath, places }
}

function labelOf({ title, headingPath, places }: Location): string {
  const first = places[0]
  const last = places.at(-1)
  const heading = headingPath.at(-1)
  const parts = [title]
  if (heading !== undefined && heading !== title && heading !== first?.sheet) parts.push(heading)
  if (first?.sheet != null) parts.push(`sheet ${first.sheet}`)
  if (first?.slide != null) parts.push(`slide ${first.slide}`)
  if (first?.page != null) {
    parts.push(
      last?.page != null && last.page > first.page ? `pages ${first.page} to ${last.page}` : `page ${first.page}`,
    )
  }
  if (first?.sheet != null && first.row !== null) parts.push(`row ${first.row}`)
  return parts.join(', ')
}
