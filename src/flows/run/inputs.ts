import { declareInputs } from '../../inputs/declaration'
import { wholeNumber } from '../../inputs/shapes'

/** How much a run does. */
export const runInputs = declareInputs({
  EXPORT_MAX_EVENTS: {
    meaning: 'Events that one run takes. The next run goes on.',
    default: '10000',
    shape: wholeNumber(1, 10_000_000),
  },
  EXPORT_MAX_BYTES: {
    meaning: 'Bytes that one run moves before it begins nothing more.',
    default: '1000000000000',
    shape: wholeNumber(1, 10 ** 15),
  },
  EXPORT_CONCURRENCY: {
    meaning: 'Pieces of work at once in one activation, 1 to 64.',
    default: '4',
    shape: wholeNumber(1, 64),
  },
  EXPORT_WORKERS: {
    meaning: 'Activations that share the work of a run, the run itself included, 1 to 50.',
    default: '1',
    shape: wholeNumber(1, 50),
  },
  EXPORT_MAX_ATTEMPTS: {
    meaning:
      'Tries of work that fails by itself, 1 to 100; then it is a dead letter. It holds for `reconcile`, too.',
    default: '5',
    shape: wholeNumber(1, 100),
  },
  PENDING_MAX: {
    meaning: 'Parked pieces of work. With more, a run of `export-batch` or `reconcile` reads nothing new.',
    default: '1000',
    shape: wholeNumber(1, 10_000),
  },
})
