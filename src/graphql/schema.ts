/** Joins the nouns: each file adds its types and fields to the builder. */
import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.js'
import './ask.js'
import './batch.js'
import './correction.js'
import './document.js'
import './document-changes.js'
import './document-names.js'
import './health.js'
import './index-state.js'
import './interaction.js'
import './job.js'
import './model.js'
import './near-duplicates.js'
import './passage.js'
import './training.js'

export function createSchema(): GraphQLSchema {
  return builder.toSchema({ sortSchema: true })
}
