/** Relay connections over the store's pages: newest first, forward only. */
import type { Page } from '../domain.js'
import { DocentError } from '../errors.js'
import { cursorOf } from '../store/store.js'
import { builder } from './builder.js'

const DEFAULT_FIRST = 20
const MAX_FIRST = 100

/** The two paging arguments that every connection takes. */
export const pageArguments = builder.args((arg) => ({
  first: arg.int({ description: `How many, 1 to ${MAX_FIRST}; ${DEFAULT_FIRST} unless told.` }),
  after: arg.string({ description: "The `endCursor` of the page before; that page's filter must be the same." }),
}))

export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
}

/** @throws INVALID_INPUT when `first` is out of range. */
export function pageRequest({ first, after }: PageArguments): { first: number; after?: string } {
  const count = first ?? DEFAULT_FIRST
  if (count < 1 || count > MAX_FIRST) throw new DocentError('INVALID_INPUT', `first must be 1 to ${MAX_FIRST}`)
  return after ? { first: count, after } : { first: count }
}

export function toConnection<T extends { readonly id: string }>(page: Page<T>, after?: string | null) {
  const edges = page.items.map((node) => ({ node, cursor: cursorOf(node) }))
  return {
    edges,
    pageInfo: {
      hasNextPage: page.nextCursor !== null,
      hasPreviousPage: Boolean(after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}
