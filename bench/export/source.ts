import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type BenchFile, contentOf } from './content'

/**
 * AEM as far as a download sees it, in a process of its own: `127.0.0.1` is an author who wants a token and redirects to
 * another host, `localhost`, which refuses one and serves ranges. They share a port, so that both are behind whatever is
 * put in front of it. Files come as JSON in the first argument; `ready <port>` says that it
 * listens.
 */
const token = 'bench'
const signature = 'c2lnbmVk'
const files = new Map((JSON.parse(process.argv[2] ?? '[]') as BenchFile[]).map((file) => [file.name, file]))

const server = createServer((request, response) => {
  const [host, port] = (request.headers.host ?? '').split(':')
  if (host === 'localhost') serve(request, response).catch(() => response.destroy())
  else if (request.headers.authorization !== `Bearer ${token}`) response.writeHead(401).end()
  else response.writeHead(302, { location: `http://localhost:${port}${request.url}?sig=${signature}` }).end()
})
server.listen(0, '127.0.0.1', () => console.log(`ready ${(server.address() as AddressInfo).port}`))

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const file = files.get(url.pathname.slice(1))
  const isRefused = request.headers.authorization !== undefined || url.searchParams.get('sig') !== signature
  if (isRefused || file === undefined) {
    response.writeHead(isRefused ? 403 : 404).end()
    return
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(first ?? 0)
  const end = last ? Math.min(Number(last) + 1, file.size) : file.size
  response.writeHead(first === undefined ? 200 : 206, {
    'accept-ranges': 'bytes',
    'content-length': end - start,
    'content-type': 'application/octet-stream',
    etag: `"${file.seed}-${file.size}"`,
    'last-modified': new Date(0).toUTCString(),
    ...(first === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.size}` }),
  })
  if (request.method === 'HEAD') response.end()
  else await pipeline(Readable.from(contentOf(file, start, end), { highWaterMark: 4 }), response)
}
