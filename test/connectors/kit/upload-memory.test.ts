import { describeLargeUploads } from './upload-memory'

/** More than the process may have; `upload-memory.soak.ts` sends the largest. */
describe('a large upload', () => {
  describeLargeUploads([
    { destination: 'marketo', megabytes: 250, unknownSize: false },
    { destination: 'akeneo', megabytes: 250, unknownSize: true },
  ])
})
