import { declareInputs } from '../inputs/declaration'
import { oneOf } from '../inputs/shapes'
import { stateRegions } from './state-store'

/** Where the State service keeps what is on record. */
export const storeInputs = declareInputs({
  STATE_REGION: {
    meaning:
      'The region of the State service, where dead letters, pending work and cursors are kept. Each region is a store of its own: keep it once chosen.',
    default: 'amer',
    shape: oneOf(stateRegions),
  },
})
