import pLimit from 'p-limit'
import type { Clock } from '../core/clock'
import type { ConcurrencyLimit } from './http-client'
import { createLoadSigns, type LoadSign } from './load-signs'

/** Once the system has refused a request, what it takes is known: more of them are tried no faster than this. */
const carefulEveryMs = 1_000

/**
 * Limits the requests at once to a system that publishes no limit of its own, by how it answers. It begins with a few.
 * While requests wait and all is well, there is one more for each round of answers. After 429 or 503 there are half as
 * many, and they grow by one a second from then on. Slow answers and other failures take back a fifth, though nothing of
 * what it began with: they may be about single requests.
 * @param options.first requests at once in the beginning, unless `most` is less
 * @param options.most requests at once, however well all goes; at least 1
 */
export function createElasticLimit(options: { first: number; most: number; clock: Clock }): ConcurrencyLimit {
  const { most, clock } = options
  const first = Math.min(options.first, most)
  const limit = pLimit(first)
  const watched = createLoadSigns(clock, adapt)
  /** A whole number and the part of the next one that is earned. */
  let room = first
  let wasRefused = false
  let changedAt = clock.now()

  return (work) => limit(() => watched(work))

  function adapt(sign: LoadSign): void {
    if (sign === 'still') changedAt = clock.now()
    else if (sign === 'well') grow()
    else if (sign === 'refused') {
      wasRefused = true
      set(Math.max(1, Math.min(room, limit.activeCount) / 2))
    } else if (room > first) set(Math.max(first, room * 0.8))
  }

  function grow(): void {
    if (limit.pendingCount === 0 || room >= most) return
    if (!wasRefused) set(room + 1 / room)
    else if (clock.now() - changedAt >= carefulEveryMs) set(room + 1)
  }

  function set(next: number): void {
    changedAt = clock.now()
    room = Math.min(most, next)
    limit.concurrency = Math.floor(room)
  }
}
