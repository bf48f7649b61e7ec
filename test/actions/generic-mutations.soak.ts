import { describeWhateverComesIn } from './mutations'

describe('whatever comes in', () => {
  describeWhateverComesIn({ events: 1_500, strangers: 400 })
})
