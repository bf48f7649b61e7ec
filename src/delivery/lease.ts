import * as v from 'valibot'
import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import { toBridgeError } from '../core/errors'
import { parseJson } from '../core/json'
import type { Store } from '../store/store'

const LeaseRecord = v.object({
  owner: v.pipe(v.string(), v.minLength(1)),
  /** ISO 8601. */
  since: v.string(),
  /** ISO 8601; the record itself may live a little longer. */
  until: v.pipe(v.string(), v.isoTimestamp()),
})

/** Who is at it. */
export type LeaseHolder = v.InferOutput<typeof LeaseRecord>

/** A lease that is held. */
export type Lease = {
  /**
   * Holds it for another whole life.
   * @returns false when another run has it by now: it is not taken back
   * @throws {BridgeError} when the store fails
   */
  refresh(call: CallContext): Promise<boolean>
  /** Gives it back, if it is still ours. A store that fails is logged: the lease ends by itself. */
  release(call: CallContext): Promise<void>
}

/**
 * Leases that keep two runs of a job from doing the same work at the same time, as a rule. State has no atomic
 * update, so two that begin in the same moment may both get one: nothing but doubled work may come of that.
 */
export type Leases = {
  /**
   * Takes the lease `lease.<name>`, unless another owner holds it.
   * @param owner the same for all of one run, and for no other: an activation id
   * @param ttlSeconds how long the run may last, so that a crashed one blocks nobody for longer
   * @returns undefined when another has it
   * @throws {BridgeError} when the store fails
   */
  acquire(name: string, owner: string, ttlSeconds: number, call: CallContext): Promise<Lease | undefined>
  /** Who holds it now; for an operator to see. */
  holder(name: string, call: CallContext): Promise<LeaseHolder | undefined>
  /** Takes it away from whoever holds it; for an operator to unlock. */
  revoke(name: string, call: CallContext): Promise<void>
}

/** Longer than a write of another run needs, who read "free" in the same moment. */
const usualSettleMs = 250

/** Creates the leases on a store. */
export function createLeases(parts: { store: Store; clock: Clock; settleMs?: number }): Leases {
  const { store, clock, settleMs = usualSettleMs } = parts

  return { acquire, holder, revoke: (name, call) => store.remove(keyOf(name), call.signal) }

  async function acquire(
    name: string,
    owner: string,
    ttlSeconds: number,
    call: CallContext,
  ): Promise<Lease | undefined> {
    const since = new Date(clock.now()).toISOString()
    const before = await holder(name, call)
    if (before !== undefined && before.owner !== owner) return undefined
    await write()
    await clock.sleep(settleMs, call.signal)
    const after = await holder(name, call)
    if (after?.owner !== owner) return undefined
    return { refresh, release }

    async function write(): Promise<void> {
      const until = new Date(clock.now() + ttlSeconds * 1000).toISOString()
      await store.put(keyOf(name), JSON.stringify({ owner, since, until }), ttlSeconds, call.signal)
    }

    async function refresh(call: CallContext): Promise<boolean> {
      const now = await holder(name, call)
      if (now !== undefined && now.owner !== owner) return false
      await write()
      return true
    }

    async function release(call: CallContext): Promise<void> {
      try {
        const now = await holder(name, call)
        if (now?.owner === owner) await store.remove(keyOf(name), call.signal)
      } catch (thrown) {
        const error = toBridgeError(thrown)
        call.logger.warn('the lease could not be given back; it ends by itself', {
          name,
          error: error.message,
        })
      }
    }
  }

  /** A record that is over or cannot be read holds nobody up. */
  async function holder(name: string, call: CallContext): Promise<LeaseHolder | undefined> {
    const text = await store.get(keyOf(name), call.signal)
    const record = v.safeParse(LeaseRecord, parseJson(text ?? ''))
    return record.success && Date.parse(record.output.until) > clock.now() ? record.output : undefined
  }
}

const keyOf = (name: string): string => `lease.${name}`
