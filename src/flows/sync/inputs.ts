import { declareInputs } from '../../inputs/declaration'
import { oneOf } from '../../inputs/shapes'
import { pollStart } from './poll-start'

/** How changes of products reach the assets. */
export const syncInputs = declareInputs({
  PIM_SYNC_START: {
    meaning:
      'Where the very first run of `reconcile` begins: `latest` (changes from then on), `oldest` (all products of the PIM), or a duration back such as `PT2H` or `P7D`.',
    default: 'latest',
    shape: pollStart,
  },
  PIM_SYNC_DELETED: {
    meaning:
      'What becomes of assets whose product is deleted in the PIM: `keep`, `clear` or `mark`. docs/connectors/akeneo.md tells what each does.',
    default: 'keep',
    shape: oneOf(['keep', 'clear', 'mark']),
  },
})
