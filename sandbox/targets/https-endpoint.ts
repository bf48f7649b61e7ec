import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** One request as the endpoint saw it. */
export type SeenRequest = {
  method: string
  url: string
  headers: IncomingHttpHeaders
  bytes: number
  /** A file was published. */
  isStored: boolean
}

/** What the endpoint does instead of its work: a status, a cut after so many bytes of the body, or no answer. */
export type EndpointFault =
  | { status: number; headers?: Record<string, string> }
  | { cutAfter: number }
  | { silent: true }
  /** Does its work, and breaks the connection in place of an answer. */
  | { lost: true }
  /** Takes no byte of the body. */
  | { deaf: true }

/** An endpoint as strict as they come: it checks authorization, signature, length and form, and publishes whole files. */
export type HttpsEndpoint = {
  /** `http://127.0.0.1:<port>`. */
  url: string
  requests: SeenRequest[]
  fault: (request: IncomingMessage) => EndpointFault | undefined
  read(key: string): Promise<Buffer | undefined>
  list(): string[]
  mediaType(key: string): string | undefined
  /** Closes idle connections without a word, as a load balancer does. */
  dropConnections(): void
  /** Connections ever made. */
  connections(): number
  /** Until no request is being worked on. */
  quiet(): Promise<void>
  close(): Promise<void>
}

type Stored = {
  file: string
  version: string
  assetId: string | undefined
  mediaType: string
  etag: string
  size: number
}

/** What the endpoint demands. */
export type EndpointRules = { authorization?: string; secret?: string }

/** Of files in one answer, at most. */
const pageSize = 25

/** Starts it on a free port of 127.0.0.1. Files stand at `/files/<key>`; `/files?prefix=&after=` lists a page of them. */
export async function startHttpsEndpoint({
  authorization,
  secret,
}: EndpointRules = {}): Promise<HttpsEndpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-endpoint-'))
  await mkdir(join(folder, 'in'))
  const stored = new Map<string, Stored>()
  const sockets = new Set<Socket>()
  const working = new Set<Promise<void>>()
  let connections = 0
  let files = 0

  const server = createServer((request, response) => {
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      bytes: 0,
      isStored: false,
    }
    endpoint.requests.push(seen)
    const work: Promise<void> = serve(request, response, seen)
      .catch(() => void response.destroy())
      .finally(() => working.delete(work))
    working.add(work)
  })
  server.on('connection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`

  const endpoint: HttpsEndpoint = {
    url: `http://${host}`,
    requests: [],
    fault: () => undefined,
    read: async (key) => {
      const found = stored.get(key)
      return found === undefined ? undefined : readFile(found.file)
    },
    list: () => [...stored.keys()],
    mediaType: (key) => stored.get(key)?.mediaType,
    dropConnections: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    connections: () => connections,
    quiet: async () => {
      while (working.size > 0) await Promise.all(working)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
  return endpoint

  async function serve(request: IncomingMessage, response: ServerResponse, seen: SeenRequest): Promise<void> {
    const fault = endpoint.fault(request)
    if (fault !== undefined && 'deaf' in fault) return
    if (fault !== undefined && 'status' in fault) {
      request.resume()
      return answer(response, fault.status, fault.headers)
    }
    if (authorization !== undefined && request.headers.authorization !== authorization)
      return answer(response, 401)
    if (secret !== undefined && !isSigned(request, host, secret)) return answer(response, 403)
    const key = keyOf(request.url ?? '')
    const held = stored.get(key)
    switch (request.method) {
      case 'HEAD':
        if (held === undefined) return answer(response, 404)
        return answer(response, 200, {
          'x-held-version': held.version,
          etag: held.etag,
          'content-length': String(held.size),
        })
      case 'GET':
        listed(new URL(request.url ?? '', endpoint.url), response)
        return
      case 'DELETE':
        stored.delete(key)
        return answer(response, held === undefined ? 404 : 204)
      case 'PUT':
      case 'POST':
        break
      default:
        return answer(response, 405)
    }
    const file = join(folder, 'in', String(++files))
    request.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length
      if (fault !== undefined && 'cutAfter' in fault && seen.bytes >= fault.cutAfter)
        request.socket.resetAndDestroy()
    })
    // Throws when the body is cut.
    await pipeline(request, createWriteStream(file))
    if (fault !== undefined && 'silent' in fault) return
    const mediaType = request.headers['content-type'] ?? ''
    const part = request.method === 'POST' ? await filePart(file, mediaType, key) : { mediaType }
    if (part === undefined) return answer(response, 400)
    const now = stored.get(key)
    if (request.headers['if-none-match'] === '*' && now !== undefined) return answer(response, 412)
    const wanted = request.headers['if-match']
    if (wanted !== undefined && wanted !== now?.etag) return answer(response, 412)
    const etag = `"${randomBytes(8).toString('hex')}"`
    const version = String(request.headers['x-source-version'])
    const assetId = request.headers['x-source-asset']?.toString()
    seen.isStored = true
    stored.set(key, {
      file,
      version,
      assetId,
      mediaType: part.mediaType,
      etag,
      size: (await stat(file)).size,
    })
    if (fault !== undefined && 'lost' in fault) request.socket.resetAndDestroy()
    else answer(response, now === undefined ? 201 : 200, { etag })
  }

  /** In the order of the keys' UTF-8 bytes. */
  function listed({ pathname, searchParams }: URL, response: ServerResponse): void {
    if (pathname !== '/files') {
      answer(response, 404)
      return
    }
    const [prefix, after] = [searchParams.get('prefix') ?? '', searchParams.get('after') ?? '']
    const bytes = (text: string): Buffer => Buffer.from(text)
    const found = [...stored]
      .filter(([key]) => key.startsWith(prefix) && Buffer.compare(bytes(key), bytes(after)) > 0)
      .sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)))
    const files = found
      .slice(0, pageSize)
      .map(([key, { version, size, etag, assetId }]) => ({ key, version, size, etag, asset: assetId }))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ files, isLast: found.length <= pageSize }))
  }
}

function answer(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers)
  response.end()
}

const keyOf = (url: string): string => decodeURIComponent(url.replace(/^\/files\//, '').split('?')[0] ?? '')

/** Written from the documentation, not from the code. */
function isSigned(request: IncomingMessage, host: string, secret: string): boolean {
  const { headers } = request
  const timestamp = String(headers['x-bridge-timestamp'])
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false
  const text = [
    'v1',
    timestamp,
    request.method,
    host,
    request.url,
    headers['x-source-version'] ?? '',
    headers['x-source-size'] ?? '',
    headers['x-source-sha1'] ?? '',
  ].join('\n')
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(text).digest('hex')}`)
  const given = Buffer.from(String(headers['x-bridge-signature']))
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** Takes the file out of a form, in place; undefined when the form is not as it must be. */
async function filePart(
  path: string,
  contentType: string,
  key: string,
): Promise<{ mediaType: string } | undefined> {
  const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(contentType)?.[1]
  if (boundary === undefined) return undefined
  const body = await readFile(path)
  const opening = body.indexOf('name="file"')
  const head = body.subarray(0, opening).toString()
  if (!head.includes(`name="key"\r\n\r\n${key}\r\n`)) return undefined
  const start = body.indexOf('\r\n\r\n', opening) + 4
  const tail = `\r\n--${boundary}--\r\n`
  if (body.subarray(-tail.length).toString() !== tail) return undefined
  const mediaType = /content-type: (\S+)/.exec(body.subarray(opening, start).toString())?.[1]
  await writeFile(`${path}.file`, body.subarray(start, body.length - tail.length))
  await rename(`${path}.file`, path)
  return mediaType === undefined ? undefined : { mediaType }
}
