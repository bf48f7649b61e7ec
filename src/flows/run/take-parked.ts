import type { Pending } from '../../delivery/pending'
import { renewRecord } from '../record-failure'
import { destinationSystem, pimSystem } from '../systems'
import { within } from './finish-run'
import { inAnyOrder } from './order'
import { dueWork } from './parked-work'
import { routeOf } from './route'
import type { Run } from './run-state'

/** A record lives for 14 days from its last writing. */
const renewAfterMs = 3 * 24 * 3_600_000

/** Parked work that is due comes first. */
export async function takeParked(run: Run): Promise<void> {
  const { context, parking, parts } = run
  const { clock } = context
  const shuffled = (ids: readonly string[]): readonly string[] => inAnyOrder(ids, clock.now())
  for await (const record of dueWork(parts.flows, parking, context, shuffled)) {
    if (clock.now() >= run.endsAt) continue
    if (isSystemDown(run, record)) {
      if (clock.now() - Date.parse(record.nextTry) > renewAfterMs) await renewRecord(record, context)
      continue
    }
    const { subject, kind } = routeOf(record.event) ?? {}
    const since = Date.parse(record.since)
    await run.queue.add({
      unit: { work: record, events: 0, record, replaced: [], since, done: [] },
      subject,
      kind: JSON.stringify([kind, record.destination]),
    })
  }
  // With too many parked records the run waits for them first: those that succeed make room for new events.
  if (parking.parked.size >= parts.limits.maxPending) await within(run, run.endsAt - clock.now())
}

const isSystemDown = ({ breaker }: Run, { action, destination }: Pending): boolean =>
  destination === undefined
    ? action === 'generic' && breaker.isDown(pimSystem)
    : breaker.isDown(destinationSystem(destination))
