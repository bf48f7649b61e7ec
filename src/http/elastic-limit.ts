import pLimit from 'p-limit'
import type { Clock } from '../core/clock'
import type { RequestLimit } from './http-client'
import { createLoadSigns, type HearSign } from './load-signs'

/** So long after a refusal more requests at once are tried one by one. */
const carefulMs = 60_000
const carefulEveryMs = 1_000

/**
 * Limits the requests at once to a system that publishes no limit of its own, by how it answers. It begins with a few.
 * While requests wait and answers come as quickly as they can, there is one more for each round of answers. When the
 * system refuses one, there are half as many, at least one, and for a minute they grow by one a second. Slow answers and
 * other failures take back a fifth, but nothing of what it began with: they may be about single requests.
 * @param options.first requests at once in the beginning, unless `most` is less
 * @param options.most requests at once, however well all goes; at least 1
 */
export function createElasticLimit(options: {
  first: number
  most: number
  clock: Pick<Clock, 'now'>
}): RequestLimit {
  const { most, clock } = options
  const first = Math.min(options.first, most)
  const limit = pLimit(first)
  /** A whole number, and the part of the next one that is earned. */
  let room = first
  let refusedAt = Number.NEGATIVE_INFINITY
  let changedAt = clock.now()

  const adapt: HearSign = (sign, isNew) => {
    if (sign === 'refused') {
      refusedAt = clock.now()
      if (isNew) set(Math.max(1, room / 2))
    } else if (sign === 'failed' || (sign === 'slow' && room > first)) {
      if (isNew && room > first) set(Math.max(first, room * 0.8))
    } else if (sign === 'well' || room < first) grow()
  }
  const watched = createLoadSigns(clock, adapt)

  return (work, kind) => limit(() => watched(work, kind))

  function grow(): void {
    if (limit.pendingCount === 0 || room >= most) return
    if (isOver(refusedAt, carefulMs)) set(room + 1 / room)
    else if (isOver(changedAt, carefulEveryMs)) set(room + 1)
  }

  /** Also when the clock was set back. */
  function isOver(since: number, ms: number): boolean {
    const passed = clock.now() - since
    return passed < 0 || passed >= ms
  }

  function set(next: number): void {
    changedAt = clock.now()
    room = Math.min(most, next)
    limit.concurrency = Math.floor(room)
  }
}
