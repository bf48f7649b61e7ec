import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Environment } from '../environment'
import { CommandError } from '../output'
import { problemOf } from './data'
import { admit, type Place, usualHeaders } from './guards'
import { readPage } from './page-files'
import { createRoutes, type Reply, type Routes } from './routes'

/** A running dashboard. */
export type Dashboard = {
  /** With the token: who has it, has the operator's rights. */
  url: string
  port: number
  close(): Promise<void>
}

const host = '127.0.0.1'
const maxBody = 64 * 1024

/**
 * Serves the dashboard on this machine alone, with the rights of the environment.
 * @param port 0 for any that is free
 * @throws {CommandError} when the port is taken, or may not be used
 */
export async function startDashboard(environment: Environment, port: number): Promise<Dashboard> {
  const routes = createRoutes(environment, await readPage())
  const token = randomBytes(24).toString('base64url')
  const server = createServer((request, response) => {
    handle(request, routes, place)
      .catch((thrown): Reply => {
        const { code, message } = problemOf(thrown)
        return { status: 502, code, message: environment.redactor.text(message) }
      })
      .then((reply) => send(reply, response))
      .catch(() => response.destroy())
  })
  server.listen(port, host)
  await once(server, 'listening').catch((thrown: unknown) => {
    throw new CommandError(
      `port ${port} cannot be used (${codeOf(thrown)}): without --port any free one is taken`,
    )
  })
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  const place: Place = { authority: `${host}:${taken}`, token }
  return {
    url: `http://${place.authority}/${token}/`,
    port: taken,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'

async function handle(request: IncomingMessage, routes: Routes, place: Place): Promise<Reply> {
  const admitted = admit(request, place)
  if (!('route' in admitted)) return admitted
  if (request.method === 'GET') return routes.read(admitted.route)
  const body = await bodyOf(request)
  if (body === undefined)
    return { status: 413, code: 'TOO_LARGE', message: `a change has ${maxBody} bytes at most` }
  return routes.change(admitted.route, body)
}

/** Undefined when it is too long; the rest of it is not read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk
    size += bytes.length
    if (size > maxBody) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

function send(reply: Reply, response: ServerResponse): void {
  const { mediaType, bytes } = contentOf(reply)
  const isLeft = reply.status === 413
  response.writeHead(reply.status, {
    ...usualHeaders,
    'content-type': mediaType,
    'content-length': bytes.length,
    ...(isLeft ? { connection: 'close' } : {}),
  })
  response.end(bytes)
}

function contentOf(reply: Reply): { mediaType: string; bytes: Buffer } {
  if ('file' in reply) return reply.file
  const { status: _, ...error } =
    'code' in reply ? reply : { status: 200, code: undefined, message: undefined }
  const data = 'data' in reply ? reply.data : { error }
  return { mediaType: 'application/json; charset=utf-8', bytes: Buffer.from(JSON.stringify(data)) }
}
