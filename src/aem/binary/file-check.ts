import { createHash } from 'node:crypto'
import type { AssetBinary } from '../../core/binary'
import { type BridgeError, transientError } from '../../core/errors'

/** Checks a file while its bytes pass through. */
export type FileCheck = {
  /** Bytes taken so far. */
  size(): number
  /**
   * Takes the next bytes and returns the ones before. The last bytes are withheld until the file is verified: a
   * destination that has read to the announced end would publish the file, even if an error follows.
   * @throws {BridgeError} transient, `AEM_FILE_CHANGED`, when the file is too long
   */
  take(bytes: Buffer): Buffer | undefined
  /**
   * Gives the last bytes.
   * @throws {BridgeError} transient, `AEM_FILE_CHANGED`, when the length or the SHA-1 is not what AEM names
   */
  end(): Buffer | undefined
}

/** Starts the check of one read. */
export function createFileCheck(facts: Pick<AssetBinary, 'size' | 'sha1'>): FileCheck {
  const hash = facts.sha1 === undefined ? undefined : createHash('sha1')
  let size = 0
  let last: Buffer | undefined

  return { size: () => size, take, end }

  function take(bytes: Buffer): Buffer | undefined {
    // Otherwise an empty chunk would be the last one, and no byte would be withheld.
    if (bytes.length === 0) return undefined
    size += bytes.length
    if (facts.size !== undefined && size > facts.size) throw fileChanged('is longer')
    hash?.update(bytes)
    const before = last
    last = bytes
    return before
  }

  function end(): Buffer | undefined {
    if (facts.size !== undefined && size !== facts.size) throw fileChanged('is shorter')
    if (hash !== undefined && hash.digest('hex') !== facts.sha1) throw fileChanged('has another SHA-1')
    return last
  }
}

/** The file is not the one that AEM described. */
export const fileChanged = (what: string): BridgeError =>
  transientError(
    'AEM_FILE_CHANGED',
    `the file ${what} than AEM names: it changed meanwhile, or the download is broken`,
    { upstream: 'AEM' },
  )
