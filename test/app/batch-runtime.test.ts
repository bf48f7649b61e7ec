import { describeExportWorkers, describePushAndBatch } from './batch-scenes'

describe('push and batch on the same events', () => {
  describePushAndBatch()
})

describe('EXPORT_WORKERS (more of it: batch-runtime.soak.ts)', () => {
  describeExportWorkers({ spread: 80, refused: 80, killed: 80, ended: 24 })
})
