import type { Readable } from 'node:stream'
import { BridgeError, transientError } from '../../core/errors'

/** A body on its way. */
export type Pump = {
  /**
   * Resolves at its proper end.
   * @throws {BridgeError} transient, `AEM_CUT` or `AEM_STALLED`; or what the taker throws
   */
  done: Promise<void>
  /** Goes on after the taker had enough. */
  resume(): void
}

/**
 * Hands a body on, piece by piece and without a turn of the event loop in between.
 * @param take returns false when it has enough for now
 * @param idleMs how long the sender may send nothing; the taker's own pauses do not count
 */
export function pump(body: Readable, idleMs: number, take: (bytes: Buffer) => boolean): Pump {
  let paused = false
  let hasEnded = false
  let pieces = 0
  // A process that was frozen or busy finds its timers due before it has looked for what arrived meanwhile.
  const idle = setTimeout(() => {
    const before = pieces
    setImmediate(() => {
      if (!paused && !hasEnded && pieces === before) body.destroy(stalled(idleMs))
    })
  }, idleMs)
  const done = new Promise<void>((resolve, reject) => {
    const fail = (thrown: unknown): void => {
      reject(thrown instanceof BridgeError ? thrown : cut())
      body.destroy()
    }
    body.on('data', (bytes: Buffer) => {
      pieces += 1
      idle.refresh()
      try {
        if (take(bytes)) return
        paused = true
        body.pause()
      } catch (thrown) {
        fail(thrown)
      }
    })
    body.on('end', () => {
      hasEnded = true
      resolve()
    })
    body.on('error', fail)
    body.on('close', () => {
      if (!hasEnded) fail(undefined)
    })
  }).finally(() => clearTimeout(idle))
  return {
    done,
    resume() {
      if (!paused) return
      paused = false
      idle.refresh()
      body.resume()
    },
  }
}

const cut = (): BridgeError =>
  transientError('AEM_CUT', 'the connection to AEM broke off in the middle of a file', { upstream: 'AEM' })

const stalled = (idleMs: number): BridgeError =>
  transientError('AEM_STALLED', `AEM sent nothing of a file for ${idleMs} ms`, { upstream: 'AEM' })
