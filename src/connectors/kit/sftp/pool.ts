import { untilAborted } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { startTimer, type Timer } from '../../../http/timer'
import type { SftpConnection } from './connection'
import type { Patience } from './connector'
import { isBusy } from './errors'

/** The options of the pool. */
export type PoolRules = {
  /** Connections at once. */
  connections: number
  /** A clock that also advances while the process is frozen, unlike a timer. */
  clock: Pick<Clock, 'now'>
  /** An unused connection is closed after this long. @default 20000 */
  idleMs?: number
  /** One unused for longer than this is tried before it is used: the process may have been frozen meanwhile. @default 1000 */
  trustMs?: number
  /** How long it may take to answer then. */
  pingMs: number
  /** No further connection is tried for this long after the server had no room for one. @default 600000 */
  fullMs?: number
}

type Slot = {
  opening: Promise<SftpConnection>
  connection?: SftpConnection
  users: number
  /** Milliseconds since the epoch. */
  usedAt: number
  idle?: Timer
}

/**
 * Shares a few connections among all files of a container. When the server has no room for a further one, the work goes
 * by one that is there.
 */
export function createSftpPool(
  open: (patience: Patience) => Promise<SftpConnection>,
  { connections, clock, idleMs = 20_000, trustMs = 1_000, pingMs, fullMs = 600_000 }: PoolRules,
): <T>(signal: AbortSignal, work: (connection: SftpConnection) => Promise<T>) => Promise<T> {
  const slots = new Set<Slot>()
  /** Until then the server has no room, in milliseconds since the epoch. */
  let fullUntil = 0

  return async (signal, work) => {
    signal.throwIfAborted()
    const { slot, connection } = await taken(pick(), signal)
    try {
      connection.keepAlive(true)
      return await work(connection)
    } finally {
      release(slot)
    }
  }

  async function taken(slot: Slot, signal: AbortSignal): Promise<{ slot: Slot; connection: SftpConnection }> {
    slot.users += 1
    slot.idle?.stop()
    try {
      return { slot, connection: await untilAborted(slot.opening, signal) }
    } catch (thrown) {
      release(slot)
      if (!isBusy(thrown)) throw thrown
      slots.delete(slot)
      const other = [...slots].sort((a, b) => a.users - b.users)[0]
      if (other === undefined) throw thrown
      fullUntil = clock.now() + fullMs
      return taken(other, signal)
    }
  }

  function pick(): Slot {
    for (const slot of slots) if (slot.connection?.isOpen() === false) slots.delete(slot)
    const least = [...slots].sort((a, b) => a.users - b.users)[0]
    if (least === undefined) return add(open('usual'))
    const hasRoom = slots.size < connections && clock.now() >= fullUntil
    if (least.users > 0 && hasRoom) return add(open('once'))
    if (least.users === 0 && clock.now() - least.usedAt > trustMs) {
      slots.delete(least)
      least.idle?.stop()
      return add(revived(least.opening))
    }
    return least
  }

  function add(opening: Promise<SftpConnection>): Slot {
    const slot: Slot = { opening, users: 0, usedAt: clock.now() }
    slots.add(slot)
    opening.then(
      (connection) => {
        slot.connection = connection
      },
      () => slots.delete(slot),
    )
    return slot
  }

  async function revived(opened: Promise<SftpConnection>): Promise<SftpConnection> {
    const connection = await opened
    try {
      await connection.request(AbortSignal.timeout(pingMs), (sftp, done) => sftp.realpath('.', done))
      return connection
    } catch {
      connection.close()
      return open('usual')
    }
  }

  function release(slot: Slot): void {
    slot.users -= 1
    slot.usedAt = clock.now()
    slot.opening.then(
      (connection) => {
        if (slot.users > 0) return
        connection.keepAlive(false)
        slot.idle?.stop()
        const close = (): void => {
          slots.delete(slot)
          connection.close()
        }
        slot.idle = startTimer(idleMs, close, { background: true })
      },
      () => undefined,
    )
  }
}
