import { describeLargeUploads } from './upload-memory'

describe('a very large upload', () => {
  describeLargeUploads(
    (['marketo', 'akeneo'] as const).flatMap((destination) =>
      [false, true].map((unknownSize) => ({ destination, megabytes: 500, unknownSize })),
    ),
  )
})
