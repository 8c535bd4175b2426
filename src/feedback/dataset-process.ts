/** The process in which datasets are made. */
import { serveParent } from '../child.js'
import { type DatasetSource, writeDataset } from './dataset.js'

serveParent({
  build: ({ folder, source }: { folder: string; source: DatasetSource }) => writeDataset(folder, source),
})
