import { describeBursts } from './generic-memory'

/** Held all at once, these would be more than the process has; `generic-memory.soak.ts` takes the largest. */
describe('a burst', () => {
  describeBursts([{ events: 200, megabytes: 1, metadata: 'properties that the mapping writes' }])
})
