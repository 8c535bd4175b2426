/** The output types that name each other, declared before the files that say what their fields are. */
import type { Batch, Collection, Correction, Document, Interaction, Job, Run } from '../domain.js'
import { builder } from './builder.js'

export const BatchType = builder.objectRef<Batch>('Batch')
export const CollectionType = builder.objectRef<Collection>('Collection')
export const CorrectionType = builder.objectRef<Correction>('Correction')
export const DocumentType = builder.objectRef<Document>('Document')
export const InteractionType = builder.objectRef<Interaction>('Interaction')
export const JobType = builder.objectRef<Job>('Job')
export const TrainingRunType = builder.objectRef<Run>('TrainingRun')
