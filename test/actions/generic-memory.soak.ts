import { describeBursts } from './generic-memory'

describe('a large burst', () => {
  describeBursts([
    { events: 200, megabytes: 1, metadata: 'a text that no rule reads' },
    { events: 200, megabytes: 1, metadata: 'keywords that no rule reads' },
    { events: 60, megabytes: 4, metadata: 'properties that the mapping writes' },
  ])
})
