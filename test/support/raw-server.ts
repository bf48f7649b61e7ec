import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server for answers that no stand-in would give. */
export type RawServer = {
  url: string
  port: number
  /** What arrived, oldest first. */
  requests: IncomingMessage[]
  /** Connections opened so far. */
  connections(): number
  /** Connections open now. */
  open(): number
  close(): Promise<void>
}

/** Starts it on loopback; the handler answers, or does not. */
export async function startRawServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<RawServer> {
  const requests: IncomingMessage[] = []
  let connections = 0
  let open = 0
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume()
    handle(request, response)
  })
  server.on('connection', (socket) => {
    connections += 1
    open += 1
    socket.on('close', () => {
      open -= 1
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    open: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Resolves once a condition holds, looking again in every turn of the event loop. */
export async function until(condition: () => boolean, what: string, limitMs = 5_000): Promise<void> {
  const end = Date.now() + limitMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`it never came to this: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
