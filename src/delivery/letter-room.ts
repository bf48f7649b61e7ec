import type { CallContext } from '../core/call-context'
import { type Clock, systemClock } from '../core/clock'
import { systemicError, transientError } from '../core/errors'
import { createSingleFlight } from '../http/single-flight'
import type { Store } from '../store/store'
import { deadLetterPrefix } from './dead-letters'
import { idsIn } from './ids'

/** Keeps the number of dead letters bounded. One for each container. */
export type LetterRoom = {
  /**
   * Takes the room for one dead letter more.
   * @throws {BridgeError} systemic, `DEAD_LETTERS_FULL`; what the store throws
   */
  take(parts: { store: Store; clock: Clock; call: CallContext }): Promise<void>
}

/** Whoever has that many looks at none of them, and a workspace has 200,000 keys and 200 MB for all that is in State. */
export const maxDeadLetters = 10_000

// State does not count. A listing shows about a thousand keys a call, of a thousand calls a minute that all share: ten
// calls for a full store. So it is asked for only when a letter is new, by one activation of a container for all, and
// again after five minutes or 500 letters of its own. What other containers write meanwhile is not seen before that, so
// there may be some more than the limit says. When it is reached, an operator who makes room does not wait for long.
const freshMs = 5 * 60_000
const freshWhenFullMs = 60_000
const freshLetters = 500
const countMs = 20_000

export function createLetterRoom(): LetterRoom {
  const alone = createSingleFlight<void>({
    clock: systemClock,
    limitMs: countMs,
    late: () =>
      transientError('STATE_UNAVAILABLE', 'the dead letters could not be counted in time', {
        upstream: 'STATE',
      }),
  })
  let counted = { at: Number.NEGATIVE_INFINITY, letters: 0, added: 0 }

  return {
    async take({ store, clock, call }) {
      if (isStale(clock.now())) {
        await alone('count', call, async ({ signal }) => {
          const letters = await count(store, signal)
          counted = { at: clock.now(), letters, added: 0 }
        })
      }
      if (isFull()) throw full()
      counted.added += 1
    },
  }

  function isFull(): boolean {
    return counted.letters + counted.added >= maxDeadLetters
  }

  function isStale(now: number): boolean {
    const age = now - counted.at
    return counted.added >= freshLetters || age < 0 || age >= (isFull() ? freshWhenFullMs : freshMs)
  }
}

async function count(store: Store, signal: AbortSignal): Promise<number> {
  let letters = 0
  for await (const _ of idsIn(store, deadLetterPrefix, signal)) letters += 1
  return letters
}

const full = (): Error =>
  systemicError(
    'DEAD_LETTERS_FULL',
    `there are ${maxDeadLetters} dead letters, and no more are written: mend the cause, then replay or drop them (npm run bridge -- dead-letters list)`,
    { upstream: 'STATE' },
  )
