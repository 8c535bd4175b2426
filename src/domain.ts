/**
 * The words of Docent as types (docs/architecture.md explains them). Rows that the store keeps, and nothing that acts.
 * One file for each noun lies in domain/; whoever needs a word takes it from here.
 *
 * Every `start`/`end` counts UTF-16 code units into a canonical text, half open. Every id is a UUIDv7 string unless said
 * otherwise; every time is a Date.
 */
export type * from './domain/answer.js'
export type * from './domain/chunk.js'
export type * from './domain/collection.js'
export type * from './domain/correction.js'
export type * from './domain/document.js'
export type * from './domain/embedder.js'
export * from './domain/filter.js'
export type * from './domain/index-base.js'
export type * from './domain/interaction.js'
export type * from './domain/job.js'
export type * from './domain/json.js'
export type * from './domain/page.js'
export type * from './domain/place.js'
export type * from './domain/promotion.js'
export type * from './domain/training.js'
