import { untilAborted } from '../../core/call-context'
import type { Pending } from '../../delivery/pending'
import { destinationSystem, filesSystem, pimSystem } from '../systems'
import type { Group } from './held'
import { inAnyOrder } from './order'
import { dueWork } from './parked-work'
import { routeTo } from './route'
import type { Run } from './run-state'
import { sortOf } from './sort'

/** Takes the parked work of a run. */
export type ParkedWork = {
  /**
   * Looks through all parked work. What is due is added to the queue as far as there is room.
   * @throws {BridgeError} when State fails, or what ended the work
   */
  begin(): Promise<void>
  /**
   * Adds the rest as room appears, and what waits for a system as soon as that works.
   * @param others settles when all other work has been added
   * @throws the same
   */
  finish(others: Promise<unknown>): Promise<void>
}

/**
 * Creates what takes the parked work of one run. Work that its system has refused before comes one at a time until the
 * system has worked in this run; then all of it comes. So files that are always refused do not take their destination
 * down for the others.
 */
export function createParkedWork(run: Run): ParkedWork {
  const { context, parking, parts, queue, breaker, held } = run
  const { clock, call, pending } = context
  /** Systems that got work which they had refused before. */
  const asked = new Set<string>()
  /** Systems that were down at the end of the run, and got one more piece of work. */
  const triedOnce = new Set<string>()

  return { begin, finish }

  async function begin(): Promise<void> {
    const shuffled = (ids: readonly string[]): readonly string[] => inAnyOrder(ids, clock.now())
    for await (const record of dueWork(parts.flows, parking, context, shuffled)) {
      const { id, action } = record
      if (isOver()) continue
      const system = awaitedBy(record)
      if (system !== undefined || !queue.hasRoom(sortOf('parked', action))) held.keep(id, action, system)
      else await add(record)
    }
  }

  async function finish(others: Promise<unknown>): Promise<void> {
    let areOthersAdded = false
    const added = others.then(
      () => true,
      () => true,
    )
    while (!isOver()) {
      const change = queue.changed()
      const group = held.groups().find(mayGo)
      if (group !== undefined) await take(group)
      else if (!areOthersAdded)
        areOthersAdded = await untilAborted(Promise.race([added, change.then(() => false)]), call.signal)
      else if (!queue.isIdle()) await untilAborted(change, call.signal)
      else if (!(await tryOnce())) return
    }
  }

  function isOver(): boolean {
    return queue.isStopped() || clock.now() >= run.endsAt
  }

  function mayGo({ system, sort }: Group): boolean {
    const works = system === undefined || (breaker.hasWorked(system) && !breaker.isDown(system))
    return works && queue.hasRoom(sort)
  }

  async function take({ ids }: Group, isProbe = false): Promise<void> {
    const [id] = ids
    if (id === undefined) return
    ids.delete(id)
    const record = await pending.read(id, call.signal)
    if (record === undefined) return
    const system = isProbe ? undefined : awaitedBy(record)
    if (system === undefined) await add(record)
    else held.keep(id, record.action, system)
  }

  /** When nothing else is left to do, a system that is down gets one more piece of work. */
  async function tryOnce(): Promise<boolean> {
    // What is new was not refused before.
    const groups = held.groups().toSorted((one, other) => Number(other.isNew) - Number(one.isNew))
    for (const group of groups) {
      const { system } = group
      if (system === undefined || system === pimSystem || triedOnce.has(system) || !breaker.isDown(system))
        continue
      triedOnce.add(system)
      breaker.tryOnce(system)
      await take(group, true)
      return true
    }
    return false
  }

  /** The system that this work has to wait for; undefined when it need not wait. */
  function awaitedBy({ action, event, destination, refused }: Pending): string | undefined {
    const system =
      destination !== undefined
        ? destinationSystem(destination)
        : action === 'generic'
          ? pimSystem
          : undefined
    if (system !== undefined && breaker.isDown(system)) return system
    if (breaker.isDown(filesSystem) && routeTo(action, event)?.needsFile) return filesSystem
    if (system === undefined || !refused || breaker.hasWorked(system)) return undefined
    if (asked.has(system)) return system
    asked.add(system)
    return undefined
  }

  async function add(record: Pending): Promise<void> {
    const { action, destination } = record
    const { subject, kind } = routeTo(action, record.event) ?? {}
    await queue.add({
      unit: { work: record, events: 0, record, replaced: [], since: Date.parse(record.since), done: [] },
      subject,
      kind: JSON.stringify([kind, destination]),
      sort: sortOf('parked', action),
    })
  }
}
