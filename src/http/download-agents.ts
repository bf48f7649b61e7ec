import http from 'node:http'
import https from 'node:https'
import type { Agents } from './exchange'

/**
 * What all connections read into. Node else takes a new piece of memory for every 64 KiB that arrive, and to free it
 * costs a third of the work of a download. Sharing is safe: whoever hears of bytes has copied or parsed them before
 * the next read, and Node's HTTP parser copies.
 */
let shared: Buffer | undefined
const readBytes = 256 * 1024

/** Connections for large answers, kept open between requests. */
export function createDownloadAgents(options: { maxFreeSockets: number }): Agents {
  class Http extends http.Agent {
    override createConnection(...[given, callback]: Parameters<http.Agent['createConnection']>) {
      return readingAtOnce(given, (reading) => super.createConnection(reading, callback))
    }
  }
  class Https extends https.Agent {
    override createConnection(...[given, callback]: Parameters<https.Agent['createConnection']>) {
      return readingAtOnce(given, (reading) => super.createConnection(reading, callback))
    }
  }
  return {
    http: new Http({ keepAlive: true, ...options }),
    https: new Https({ keepAlive: true, ...options }),
  }
}

type Connection = ReturnType<http.Agent['createConnection']>

/** Has Node read into the shared memory, and hands on what came as a socket does that has memory of its own. */
function readingAtOnce<T extends object>(given: T, connect: (options: T) => Connection): Connection {
  shared ??= Buffer.allocUnsafeSlow(readBytes)
  let socket: Connection
  const onread: { buffer: Uint8Array; callback: (length: number, buffer: Uint8Array) => boolean } = {
    buffer: shared,
    callback: (length, buffer) => {
      socket?.emit('data', buffer.subarray(0, length))
      return true
    },
  }
  socket = connect({ ...given, onread })
  return socket
}
