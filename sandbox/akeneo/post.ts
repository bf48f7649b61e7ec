import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../faults'

/** What a POST came to. `reason` is a word for the platform's log. */
export type Posted =
  | { status: number }
  | { reason: 'destination_timeout' | 'connection_refused' | 'connection_failed' }

/** What is sent. */
export type Post = {
  url: string
  headers: Readonly<Record<string, string>>
  body: Buffer
  /** The whole answer must be there within so many ms of real time. */
  answerWithinMs: number
  /** What goes wrong on the way. */
  fault?: Fault | undefined
}

/** The body as it arrives, and the length that it is announced with; undefined for none. */
const onTheWay = (
  body: Buffer,
  fault: Fault | undefined,
): { sent: Buffer; announced: number | undefined } => {
  switch (fault?.kind) {
    case 'truncate': {
      const sent = body.subarray(0, fault.afterBytes)
      return { sent, announced: sent.length }
    }
    case 'cut':
      return { sent: body.subarray(0, fault.afterBytes ?? body.length >> 1), announced: body.length }
    case 'stall':
      return { sent: body.subarray(0, fault.afterBytes), announced: body.length }
    case 'garbled': {
      const sent = Buffer.from(body)
      const at = fault.at ?? 0
      if (at < sent.length) sent.writeUInt8(sent.readUInt8(at) ^ 0xff, at)
      return { sent, announced: sent.length }
    }
    case 'chunked':
      return { sent: body, announced: undefined }
    default:
      return { sent: body, announced: body.length }
  }
}

const exchange = ({ url, headers, body, fault }: Post, signal: AbortSignal): Promise<Posted> =>
  new Promise((resolve) => {
    const { sent, announced } = onTheWay(body, fault)
    const length = announced === undefined ? {} : { 'content-length': `${announced}` }
    const send = url.startsWith('https:') ? secure : plain
    const call = send(url, { method: 'POST', headers: { ...headers, ...length }, agent: false, signal })
    call.on('error', (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED'
      resolve({ reason: refused ? 'connection_refused' : 'connection_failed' })
    })
    call.once('response', (response) => {
      // accepted by the receiver, but the answer is lost
      if (fault?.kind === 'resetAfter') {
        call.destroy()
        resolve({ reason: 'connection_failed' })
        return
      }
      response.on('error', () => resolve({ reason: 'connection_failed' }))
      response.once('end', () => resolve({ status: response.statusCode ?? 0 }))
      response.resume()
    })
    call.write(sent, () => {
      if (fault?.kind === 'cut') call.destroy(new Error('Injected fault'))
    })
    if (sent.length === (announced ?? sent.length)) call.end()
  })

/**
 * Sends a POST on a connection of its own. It follows no redirect. A fault of a kind that means nothing to a sender is
 * none.
 */
export const post = async (what: Post): Promise<Posted> => {
  const { fault, answerWithinMs } = what
  if (fault?.delayMs) await sleep(fault.delayMs)
  if (fault?.kind === 'status') return { status: fault.status }
  if (fault?.kind === 'reset') return { reason: 'connection_failed' }
  if (fault?.kind === 'hang') return { reason: 'destination_timeout' }
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), answerWithinMs)
  try {
    const posted = await exchange(what, late.signal)
    return late.signal.aborted ? { reason: 'destination_timeout' } : posted
  } finally {
    clearTimeout(timer)
  }
}
