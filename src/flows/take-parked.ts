import type { Pending } from '../delivery/pending'
import { destinationSystem, pimSystem } from './account'
import { add, type Run } from './run-state'

const readAtOnce = 16
/** A record lives for 14 days from its last writing. */
const renewAfterMs = 3 * 24 * 3_600_000

/** What was parked and is due goes first. */
export async function takeParked(run: Run): Promise<void> {
  const { pending, call } = run.context
  const { clock, limits } = run.parts
  const ids: string[] = []
  for await (const id of pending.ids(call.signal)) ids.push(id)
  for (let start = 0; start < ids.length; start += readAtOnce) {
    const some = ids.slice(start, start + readAtOnce)
    for (const record of await Promise.all(some.map((id) => pending.read(id, call.signal)))) {
      // What belongs to another job is for that one's runs.
      if (record === undefined || !Object.hasOwn(run.parts.flows, record.action)) continue
      run.parked.set(record.id, Date.parse(record.since))
      if (Date.parse(record.nextTry) > clock.now() || clock.now() >= run.endsAt) continue
      if (isLeftAlone(run, record)) {
        if (clock.now() - Date.parse(record.nextTry) > renewAfterMs) await pending.write(record, call.signal)
        continue
      }
      await add(run, { work: record, events: 0, record, done: () => undefined })
    }
  }
  // However many are parked: what is parked already must not keep new events out for ever once it works again.
  if (run.parked.size >= limits.maxPending) await run.queue.idle()
}

const isLeftAlone = ({ systems }: Run, { action, destination }: Pending): boolean =>
  destination === undefined
    ? action === 'generic' && systems.isDown(pimSystem)
    : systems.isDown(destinationSystem(destination))
