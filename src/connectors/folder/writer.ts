import type { FileHandle } from 'node:fs/promises'

const blockBytes = 512 * 1024

/** Writes chunks to an open file, from its begin, in large blocks: one is being written while the next one comes in. */
export async function writeBlocks(handle: FileHandle, chunks: AsyncIterable<Buffer>): Promise<void> {
  let position = 0
  let filled = 0
  let block: Buffer = Buffer.allocUnsafe(blockBytes)
  let other: Buffer | undefined
  let writing: Promise<void> = Promise.resolve()

  try {
    for await (const chunk of chunks) {
      for (let offset = 0; offset < chunk.length; ) {
        const copied = chunk.copy(block, filled, offset)
        offset += copied
        filled += copied
        if (filled === blockBytes) await flush()
      }
    }
    await flush()
  } finally {
    // The file must stay open until then.
    await writing
  }

  /** Starts to write the block, once the one before is out. */
  async function flush(): Promise<void> {
    await writing
    writing = writeWhole(handle, block.subarray(0, filled), position)
    // It is awaited later, and must not end the process until then.
    writing.catch(() => undefined)
    position += filled
    filled = 0
    const next = other ?? Buffer.allocUnsafe(blockBytes)
    other = block
    block = next
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
