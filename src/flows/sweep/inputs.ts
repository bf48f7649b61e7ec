import { parseDuration } from '../../core/duration'
import { declareInputs, type Shape } from '../../inputs/declaration'
import { oneOf } from '../../inputs/shapes'

/** How often all of a library is looked at, in milliseconds. */
const interval: Shape<number> = (text) => {
  const duration = parseDuration(text)
  return duration === undefined || duration.ms < 24 * 3_600_000
    ? { problem: 'must be a duration of a day or more, such as P7D or P30D' }
    : { value: duration.ms }
}

/** What `reconcile` looks for in AEM and at the destinations. */
export const sweepInputs = declareInputs({
  RECONCILE_SWEEP: {
    meaning:
      'What `reconcile` does about what no event of AEM told: `on` enriches and exports, `export` exports only, `off` does nothing. `auto` is `on`, but does nothing with a PIM that cannot tell what has changed, and does not enrich with the PIM `mock`, unless AEM runs on this machine. docs/reconcile.md tells more.',
    default: 'auto',
    shape: oneOf(['auto', 'on', 'export', 'off']),
  },
  RECONCILE_FULL_EVERY: {
    meaning:
      'How often `reconcile` goes through the whole library, a part with each run: a duration of a day or more, such as `P30D`. Not set: never.',
    shape: interval,
  },
})
