import type { Readable } from 'node:stream'
import { BridgeError, transientError } from '../../core/errors'
import { startTimer } from '../../http/timer'

/** A body that is being transferred. */
export type Pump = {
  /**
   * Resolves at the end of the body.
   * @throws {BridgeError} transient, `AEM_CUT` or `AEM_STALLED`; or what the taker throws
   */
  done: Promise<void>
  /** Resumes after `take` returned false. */
  resume(): void
}

/**
 * Passes a body on chunk by chunk, without a tick of the event loop in between.
 * @param take returns false when it has enough for now
 * @param idleMs how long the sender may send nothing; the taker's own pauses do not count
 */
export function pump(body: Readable, idleMs: number, take: (bytes: Buffer) => boolean): Pump {
  let paused = false
  let hasEnded = false
  let pieces = 0
  // After a pause of the process its timers fire before it reads the bytes that arrived meanwhile.
  const idle = startTimer(idleMs, () => {
    const before = pieces
    setImmediate(() => {
      if (!paused && !hasEnded && pieces === before) body.destroy(stalled(idleMs))
    })
  })
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
  }).finally(idle.stop)
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
