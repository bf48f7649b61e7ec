import { describeExportWorkers } from './batch-scenes'

describe('EXPORT_WORKERS', () => {
  describeExportWorkers({ spread: 200, refused: 200, killed: 120, ended: 40 })
})
