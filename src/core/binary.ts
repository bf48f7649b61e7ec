import type { Readable } from 'node:stream'
import type { Asset } from './asset'
import type { CallContext } from './call-context'

/** A part of a file: the first byte, and the one behind the last. */
export type ByteRange = { start: number; end: number }

/** A file to store, not yet read. */
export type AssetBinary = {
  /** The file's name, for destinations that show one. */
  name: string
  /** In bytes; undefined when the source does not tell before it is read. */
  size: number | undefined
  /** Such as `image/png`. */
  mediaType: string
  /** ASCII, at most 200 characters. Equal versions are equal files. */
  version: string
  /** When this version came to be, in milliseconds since the epoch. */
  modified: number
  /** Hex, where the source knows it. */
  sha1?: string
  /** The asset that it is a file of, for destinations that carry more than bytes. */
  asset?: Asset
  /**
   * Opens the bytes. A cut connection is resumed within; length and SHA-1 are checked before the last byte is handed
   * out, so that a reader that reaches the end has the complete, correct file. Each call opens the source again.
   * @throws {BridgeError} by the stream's error event, or the call itself
   */
  open(call: CallContext): Promise<Readable>
  /** Reads one part whole into memory; absent when the source does not serve ranges. The caller checks the whole. */
  readRange?(range: ByteRange, call: CallContext): Promise<Buffer>
  /** A URL that gives the bytes without any header, for server-side copies; absent when there is none. */
  presignedUrl?(call: CallContext): Promise<string | undefined>
}
