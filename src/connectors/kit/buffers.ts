import { untilAborted } from '../../core/call-context'

/** Memory that all uploads of a destination share, so that its sum is bounded however many run at once. */
export type Buffers = {
  /**
   * Waits until `size` bytes are free and lends a buffer of exactly that length. What is larger than the limit is
   * lent alone.
   * @throws the signal's reason
   */
  take(size: number, signal: AbortSignal): Promise<Buffer>
  /** Takes a lent buffer back. One that a connection may still be reading from is not lent again. */
  giveBack(buffer: Buffer, state: 'unused' | 'in doubt'): void
}

const smallest = 64 * 1024

/** Creates the memory of one destination. @param limit in bytes; kept between uploads, so that it is not allocated again */
export function createBuffers(limit: number): Buffers {
  const idle: Buffer[] = []
  const waiting: { capacity: number; lend: () => void }[] = []
  let lent = 0

  return { take, giveBack }

  async function take(size: number, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted()
    const capacity = capacityFor(size)
    if (waiting.length > 0 || !fits(capacity)) {
      const request = { capacity, lend: (): void => undefined }
      const ready = new Promise<void>((resolve) => {
        request.lend = resolve
      })
      waiting.push(request)
      try {
        await untilAborted(ready, signal)
      } catch (thrown) {
        const position = waiting.indexOf(request)
        if (position >= 0) waiting.splice(position, 1)
        // The buffer was lent in the same moment.
        else lent -= capacity
        next()
        throw thrown
      }
    } else {
      lent += capacity
    }
    return allocate(capacity).subarray(0, size)
  }

  function giveBack(buffer: Buffer, state: 'unused' | 'in doubt'): void {
    const capacity = buffer.buffer.byteLength
    lent -= capacity
    if (state === 'unused' && capacity <= limit) idle.push(Buffer.from(buffer.buffer))
    next()
  }

  function next(): void {
    for (let request = waiting[0]; request !== undefined && fits(request.capacity); request = waiting[0]) {
      waiting.shift()
      lent += request.capacity
      request.lend()
    }
  }

  function fits(capacity: number): boolean {
    return lent === 0 || lent + capacity <= limit
  }

  function allocate(capacity: number): Buffer {
    const found = idle.findLastIndex((buffer) => buffer.length === capacity)
    if (found >= 0) {
      const [buffer] = idle.splice(found, 1)
      if (buffer !== undefined) return buffer
    }
    // The oldest idle ones make room, so that idle and lent together stay within the limit.
    let kept = idle.reduce((sum, buffer) => sum + buffer.length, 0)
    while (idle.length > 0 && lent + kept > limit) kept -= idle.shift()?.length ?? 0
    return Buffer.allocUnsafeSlow(capacity)
  }
}

/** The next power of two: few sizes, so that buffers are used again. */
const capacityFor = (size: number): number => Math.max(smallest, 2 ** Math.ceil(Math.log2(size)))
