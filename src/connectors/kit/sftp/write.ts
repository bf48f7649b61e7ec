import type { SFTPWrapper } from 'ssh2'

/** Writes the first bytes of a buffer at a position of an open file; `done` as the library calls it. */
export type WriteAt = (
  handle: Buffer,
  bytes: Buffer,
  length: number,
  position: number,
  done: (error: unknown) => void,
) => void

/** What the library keeps of a session, as far as it is needed here. */
type Session = {
  outgoing: { id: number; window: number; packetSize: number; state: string }
  _requests: Record<number, { cb: (error: unknown) => void }>
  _writeReqid: number
  /** Requests that wait for room in the channel. */
  _buffer: unknown[]
  _protocol: { channelData(channel: number, bytes: Buffer): void }
}

const writeType = 6
const maxRequestId = 0x7fffffff

/**
 * Sends writes with one copy less than the library, which first copies each write and then splits it into packets.
 * When a channel has no room for the whole write, or the internals of the library differ, the library does the write.
 */
export function createWriteAt(sftp: SFTPWrapper): WriteAt {
  let scratch = Buffer.alloc(0)

  return (handle, bytes, length, position, done) => {
    const headLength = 4 + 1 + 4 + 4 + handle.length + 8 + 4
    const session: unknown = sftp
    if (!isSession(session) || !hasRoom(session, headLength, length)) {
      sftp.write(handle, bytes, 0, length, position, done)
      return
    }
    const { id, packetSize } = session.outgoing
    if (scratch.length !== packetSize) scratch = Buffer.allocUnsafeSlow(packetSize)
    const requestId = (session._writeReqid + 1) & maxRequestId
    session._writeReqid = requestId
    let at = scratch.writeUInt32BE(headLength - 4 + length, 0)
    at = scratch.writeUInt8(writeType, at)
    at = scratch.writeUInt32BE(requestId, at)
    at = scratch.writeUInt32BE(handle.length, at)
    at += handle.copy(scratch, at)
    at = scratch.writeBigUInt64BE(BigInt(position), at)
    at = scratch.writeUInt32BE(length, at)
    session._requests[requestId] = { cb: done }
    session.outgoing.window -= headLength + length
    let sent = bytes.copy(scratch, at, 0, length)
    session._protocol.channelData(id, scratch.subarray(0, at + sent))
    while (sent < length) {
      const end = Math.min(length, sent + packetSize)
      session._protocol.channelData(id, bytes.subarray(sent, end))
      sent = end
    }
  }
}

function hasRoom({ outgoing, _buffer }: Session, headLength: number, length: number): boolean {
  return (
    outgoing.state === 'open' &&
    _buffer.length === 0 &&
    length > 0 &&
    headLength < outgoing.packetSize &&
    // There must be room for a little more: the library handles a window of zero.
    headLength + length < outgoing.window
  )
}

function isSession(value: unknown): value is Session {
  if (!isObject(value)) return false
  const outgoing: unknown = Reflect.get(value, 'outgoing')
  const protocol: unknown = Reflect.get(value, '_protocol')
  return (
    isObject(outgoing) &&
    ['id', 'window', 'packetSize'].every((name) => typeof Reflect.get(outgoing, name) === 'number') &&
    typeof Reflect.get(outgoing, 'state') === 'string' &&
    isObject(Reflect.get(value, '_requests')) &&
    typeof Reflect.get(value, '_writeReqid') === 'number' &&
    Array.isArray(Reflect.get(value, '_buffer')) &&
    isObject(protocol) &&
    typeof Reflect.get(protocol, 'channelData') === 'function'
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
