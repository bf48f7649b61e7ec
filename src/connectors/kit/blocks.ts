import { type CallContext, withSignal } from '../../core/call-context'
import { type BridgeError, transientError } from '../../core/errors'
import type { AssetBinary } from '../../plugin/destination'
import type { Buffers } from './buffers'
import { sourceChunks } from './source-chunks'

/** A part of a file, in memory as long as it is being sent. */
export type Block = { index: number; bytes: Buffer }

/** How a file is cut. */
export type BlockPlan = {
  /** In bytes; the last block may be shorter. */
  blockSize: number
  /** Blocks sent at once. */
  parallel: number
  buffers: Buffers
}

/** Sends one block; resolves when the destination has it. */
export type SendBlock = (block: Block, call: CallContext) => Promise<void>

/** Reads exact amounts, in order. */
type Reader = {
  /** Fills the buffer as far as there are bytes, and tells how far. */
  fill(into: Buffer): Promise<number>
  /** Waits for the next byte, or the end. */
  ended(): Promise<boolean>
  close(): Promise<unknown>
}

/**
 * Reads a file into memory whole, lends it to `use` and takes it back.
 * @param size in bytes, as the source says
 */
export async function withWholeFile<T>(
  source: AssetBinary,
  size: number,
  buffers: Buffers,
  call: CallContext,
  use: (bytes: Buffer) => Promise<T>,
): Promise<T> {
  const bytes = await buffers.take(size, call.signal)
  let state: 'unused' | 'in doubt' = 'unused'
  const reader = createReader(sourceChunks(source, call))
  try {
    await reader.fill(bytes)
    if (!(await reader.ended())) throw tooLong()
    state = 'in doubt'
    const result = await use(bytes)
    state = 'unused'
    return result
  } finally {
    await reader.close()
    buffers.giveBack(bytes, state)
  }
}

/**
 * Reads a file in order and sends its blocks, several at once; an empty file is one empty block. The first failure ends
 * the reading and the sending of the others; when this returns or throws, no work is running any more.
 * @returns the size of what was sent, in bytes, and the number of blocks
 */
export async function sendBlocks(
  source: AssetBinary,
  plan: BlockPlan,
  call: CallContext,
  send: SendBlock,
): Promise<{ size: number; count: number }> {
  const { blockSize, parallel, buffers } = plan
  const group = startGroup(call)
  const sending = new Set<Promise<void>>()
  const reader = createReader(sourceChunks(source, group.call))
  let size = 0
  let count = 0
  try {
    do {
      const bytes = await buffers.take(blockSize, group.call.signal)
      let filled = 0
      try {
        filled = await reader.fill(bytes)
        // Waits only here, so that the next block is read while the others are sent.
        while (sending.size >= parallel) await Promise.race(sending)
      } catch (thrown) {
        buffers.giveBack(bytes, 'unused')
        throw thrown
      }
      start({ index: count, bytes: bytes.subarray(0, filled) })
      size += filled
      count += 1
    } while (!(await reader.ended()))
    await Promise.all(sending)
    return { size, count }
  } catch (thrown) {
    group.stop(thrown)
    await Promise.allSettled(sending)
    call.signal.throwIfAborted()
    throw group.call.signal.reason
  } finally {
    group.release()
    await reader.close()
  }

  function start(block: Block): void {
    const task = sendAndRelease(block).finally(() => sending.delete(task))
    task.catch((thrown: unknown) => group.stop(thrown))
    sending.add(task)
  }

  async function sendAndRelease(block: Block): Promise<void> {
    let state: 'unused' | 'in doubt' = 'in doubt'
    try {
      await send(block, group.call)
      state = 'unused'
    } finally {
      buffers.giveBack(block.bytes, state)
    }
  }
}

function createReader(chunks: AsyncGenerator<Buffer>): Reader {
  let rest: Buffer | undefined

  return { fill, ended, close: () => chunks.return(undefined) }

  async function fill(into: Buffer): Promise<number> {
    let filled = 0
    while (filled < into.length && !(await ended())) {
      const chunk = rest ?? into
      const taken = chunk.copy(into, filled)
      filled += taken
      rest = taken < chunk.length ? chunk.subarray(taken) : undefined
    }
    return filled
  }

  async function ended(): Promise<boolean> {
    if (rest !== undefined) return false
    const { value, done } = await chunks.next()
    rest = done ? undefined : value
    return done === true
  }
}

/** The size of a block so that a file needs no more than `maxCount` of them: `smallest`, doubled as often as needed. */
export function blockSizeFor(size: number | undefined, smallest: number, maxCount: number): number {
  let blockSize = smallest
  while (size !== undefined && size > blockSize * maxCount) blockSize *= 2
  return blockSize
}

/**
 * Processes a list with limited concurrency. The first failure stops the rest; no work is running when this returns.
 */
export async function inParallel<T>(
  items: readonly T[],
  parallel: number,
  call: CallContext,
  work: (item: T, call: CallContext) => Promise<unknown>,
): Promise<void> {
  const group = startGroup(call)
  const left = items.values()
  const worker = async (): Promise<void> => {
    try {
      for (const item of left) {
        group.call.signal.throwIfAborted()
        await work(item, group.call)
      }
    } catch (thrown) {
      group.stop(thrown)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  group.release()
  group.call.signal.throwIfAborted()
}

/**
 * A call for work that fails together. It has the deadline and the log of the outer one, and aborts with it until it
 * is released, which has to happen in any case. `AbortSignal.any` would stay in memory with the outer one.
 */
function startGroup(outer: CallContext): {
  call: CallContext
  stop(reason: unknown): void
  release(): void
} {
  const controller = new AbortController()
  const follow = (): void => controller.abort(outer.signal.reason)
  if (outer.signal.aborted) follow()
  else outer.signal.addEventListener('abort', follow, { once: true })
  return {
    call: withSignal(outer, controller.signal),
    stop: (reason) => controller.abort(reason),
    release: () => outer.signal.removeEventListener('abort', follow),
  }
}

const tooLong = (): BridgeError =>
  transientError('SOURCE_SIZE_DIFFERS', 'the source gave more bytes than were announced')
