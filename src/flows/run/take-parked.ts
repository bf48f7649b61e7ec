import type { Pending } from '../../delivery/pending'
import { destinationSystem, pimSystem } from './blame'
import { inAnyOrder } from './order'
import { routeOf } from './route'
import type { Run } from './run-state'
import { within } from './settle-down'

const readAtOnce = 16
/** A record lives for 14 days from its last writing. */
const renewAfterMs = 3 * 24 * 3_600_000

/** What was parked and is due goes first. */
export async function takeParked(run: Run): Promise<void> {
  const { pending, call } = run.context
  const { clock, limits } = run.parts
  const ids: string[] = []
  for await (const id of pending.ids(call.signal)) ids.push(id)
  // Work that always fails must not stand before the same other work in every run.
  const shuffled = inAnyOrder(ids, clock.now())
  for (let start = 0; start < shuffled.length; start += readAtOnce) {
    const some = shuffled.slice(start, start + readAtOnce)
    for (const record of await Promise.all(some.map((id) => pending.read(id, call.signal)))) {
      // What belongs to another job is for that one's runs.
      if (record === undefined || !Object.hasOwn(run.parts.flows, record.action)) continue
      run.parked.set(record.id, Date.parse(record.since))
      if (Date.parse(record.nextTry) > clock.now() || clock.now() >= run.endsAt) continue
      if (isLeftAlone(run, record)) {
        if (clock.now() - Date.parse(record.nextTry) > renewAfterMs) await pending.write(record, call.signal)
        continue
      }
      const { subject, kind } = routeOf(record.event) ?? {}
      const since = Date.parse(record.since)
      await run.queue.add({
        piece: { work: record, events: 0, record, replaced: [], since, done: [] },
        subject,
        kind: JSON.stringify([kind, record.destination]),
      })
    }
  }
  // However many are parked: what is parked already must not keep new events out for ever once it works again.
  if (run.parked.size >= limits.maxPending) await within(run, run.endsAt - clock.now())
}

const isLeftAlone = ({ systems }: Run, { action, destination }: Pending): boolean =>
  destination === undefined
    ? action === 'generic' && systems.isDown(pimSystem)
    : systems.isDown(destinationSystem(destination))
