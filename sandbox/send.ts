import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Content, createContent } from './content'
import type { Fault } from './faults'

/** What a stand-in answers: a short text, or the content of a file. */
export type Answer = { status: number; headers?: Record<string, string>; body?: string; content?: Content }

/** How an answer goes out. */
export type SendOptions = {
  method: string
  fault: Fault | undefined
  /** Aborts when the server closes. */
  signal: AbortSignal
  /** Hears of every piece that was handed to the socket, in bytes. */
  onSent: (bytes: number) => void
}

const PIECE = 256 * 1024
const TICKS_PER_SECOND = 20

const bodyless = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304

const gzipped = ({ read, size }: Content): Content => createContent({ bytes: gzipSync(read(0, size)) })

/** Where the body ends, whatever was announced. */
const endOf = (fault: Fault | undefined, size: number): number => {
  if (fault?.kind === 'cut') return Math.min(fault.afterBytes ?? size >> 1, size)
  if (fault?.kind === 'stall' || fault?.kind === 'truncate') return Math.min(fault.afterBytes, size)
  return size
}

const lengthOf = (fault: Fault | undefined, size: number): Record<string, string> => {
  if (fault?.kind === 'chunked') return {}
  if (fault?.kind === 'truncate') return { 'content-length': `${Math.min(fault.afterBytes, size)}` }
  // a cut must be one, even of nothing
  return { 'content-length': `${fault?.kind === 'cut' ? Math.max(size, 1) : size}` }
}

/** Resolves when the socket takes more, or is gone. */
const drained = async (outgoing: ServerResponse): Promise<void> => {
  const done = new AbortController()
  const { signal } = done
  try {
    await Promise.race([once(outgoing, 'drain', { signal }), once(outgoing, 'close', { signal })])
  } finally {
    done.abort()
  }
}

const garbled = (bytes: Buffer, at: number, position: number): Buffer => {
  if (position < at || position >= at + bytes.length) return bytes
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(position - at) ^ 0xff, position - at)
  return copy
}

/** Sends a body piece by piece, no faster than it is read. */
const sendPieces = async (
  outgoing: ServerResponse,
  content: Content,
  end: number,
  { fault, signal, onSent }: SendOptions,
): Promise<void> => {
  const slow = fault?.kind === 'throttle' ? fault.bytesPerSecond / TICKS_PER_SECOND : undefined
  const piece = slow === undefined ? PIECE : Math.max(1, Math.floor(slow))
  for (let at = 0; at < end && !outgoing.destroyed; at += piece) {
    const bytes = content.read(at, Math.min(at + piece, end))
    const sent = fault?.kind === 'garbled' ? garbled(bytes, at, fault.at ?? 0) : bytes
    onSent(sent.length)
    if (!outgoing.write(sent) && !outgoing.destroyed) await drained(outgoing)
    if (slow !== undefined) await sleep(1000 / TICKS_PER_SECOND, undefined, { signal })
  }
}

/** Sends an answer as it is meant, or as the fault has it. */
export const send = async (outgoing: ServerResponse, answer: Answer, options: SendOptions): Promise<void> => {
  const { method, fault } = options
  const whole = answer.content ?? createContent({ bytes: answer.body ?? '' })
  const content = fault?.kind === 'gzip' ? gzipped(whole) : whole
  const empty = answer.status === 204 || answer.status === 304
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    ...(fault?.kind === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    ...(empty ? {} : lengthOf(fault, content.size)),
  })
  if (bodyless(method, answer.status)) {
    outgoing.end()
    return
  }
  const end = endOf(fault, content.size)
  if (fault === undefined && content.size <= PIECE) {
    options.onSent(content.size)
    outgoing.end(content.read(0, content.size))
    return
  }
  outgoing.flushHeaders()
  await sendPieces(outgoing, content, end, options)
  if (fault?.kind === 'stall') return
  // behind what was written so far
  if (fault?.kind === 'cut') outgoing.socket?.write('', () => outgoing.destroy())
  else outgoing.end()
}
