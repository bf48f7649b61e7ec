import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * What goes wrong with a request. Nothing takes effect, unless it says `after`: then everything does, and the answer is
 * what goes wrong.
 */
export type MarketoFault = { after?: boolean } & (
  | { status: number; headers?: Record<string, string> }
  /** An error as Marketo tells it, with status 200. */
  | { code: string; message?: string }
  | { html: true }
  /** The connection breaks. */
  | { reset: true }
  /** The answer breaks off. */
  | { cut: true }
  /** No answer. */
  | { silent: true }
  /** The answer begins and then stalls. */
  | { stalled: true }
)

/** Does what the fault says, in place of the answer with this text. */
export function fail(
  incoming: IncomingMessage,
  response: ServerResponse,
  fault: MarketoFault,
  text: string,
): void {
  const jsonType = { 'content-type': 'application/json;charset=UTF-8' }
  if ('reset' in fault) response.socket?.resetAndDestroy()
  else if ('silent' in fault) incoming.resume()
  else {
    incoming.resume()
    if ('status' in fault) {
      // As a gateway does: a page, not JSON.
      response.writeHead(fault.status, { 'content-type': 'text/html', ...fault.headers })
      response.end(`<html><body>${fault.status}</body></html>`)
    } else if ('code' in fault) {
      const errors = [{ code: fault.code, message: fault.message ?? 'said so' }]
      response.writeHead(200, jsonType).end(JSON.stringify({ requestId: '1#1', success: false, errors }))
    } else if ('html' in fault) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Maintenance</body></html>')
    } else {
      response.writeHead(200, { ...jsonType, 'content-length': String(text.length + 1) })
      response.write(text.slice(0, 20))
      if ('cut' in fault) setImmediate(() => response.socket?.resetAndDestroy())
    }
  }
}

/** Until so many bytes of a body are in, or all. */
export const arrived = (incoming: IncomingMessage, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    let seen = 0
    incoming.on('data', (chunk: Buffer) => {
      seen += chunk.length
      if (seen >= bytes) resolve()
    })
    incoming.once('end', () => resolve())
    incoming.once('error', () => resolve())
  })
