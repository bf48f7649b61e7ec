import { describeWhateverComesIn } from './mutations'

describe('whatever comes in (more of it: generic-mutations.soak.ts)', () => {
  describeWhateverComesIn({ events: 150, strangers: 50 })
})
