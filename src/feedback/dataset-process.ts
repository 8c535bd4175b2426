/** The process in which datasets are made. */
import { serveParent } from '../child.js'
import { type WriteRequest, writeDataset } from './dataset.js'

serveParent({ build: (request: WriteRequest) => writeDataset(request) })
