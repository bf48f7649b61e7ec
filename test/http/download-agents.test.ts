import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDownloadAgents } from '../../src/http/download-agents'

const files = [randomBytes(9_000_001), randomBytes(9_000_001)]
let connections = 0
let server: Server | undefined
const agents = createDownloadAgents({ maxFreeSockets: 2 })
afterAll(() => {
  agents.http.destroy()
  agents.https.destroy()
})
afterEach(() => server?.close())

const serve: RequestListener = ({ url }, response) => {
  const file = files[Number(url?.slice(1))] ?? Buffer.alloc(0)
  response.writeHead(200, { 'content-length': file.length })
  // In pieces of odd sizes, so that the two downloads are mixed.
  const send = (at: number): void => {
    if (at >= file.length) response.end()
    else response.write(file.subarray(at, at + 77_777), () => send(at + 77_777))
  }
  send(0)
}

/** A certificate for this test only. */
function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-tls-'))
  try {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
    const name = ['-subj', '/CN=localhost', '-days', '1', '-nodes', '-newkey', 'ec', '-pkeyopt']
    const out = ['ec_paramgen_curve:prime256v1', '-keyout', key, '-out', cert]
    execFileSync('openssl', ['req', '-x509', ...name, ...out], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

type Get = (path: string) => Promise<IncomingMessage>

async function start(kind: 'http' | 'https'): Promise<Get> {
  const tls = kind === 'https' ? certificate() : undefined
  const started = tls === undefined ? http.createServer(serve) : https.createServer(tls, serve)
  server = started
  connections = 0
  started.on(kind === 'https' ? 'secureConnection' : 'connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  const { port } = started.address() as AddressInfo
  const options = { host: '127.0.0.1', port, servername: 'localhost', ca: tls?.cert, agent: agents[kind] }
  return (path) =>
    new Promise((resolve, reject) => {
      const client = kind === 'https' ? https : http
      client.get({ ...options, path }, resolve).on('error', reject)
    })
}

/** Keeps every chunk until the end: none may change after it was handed out. */
async function sha1Of(answer: Promise<IncomingMessage>, pauseMs = 0): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await answer) {
    chunks.push(chunk)
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return createHash('sha1').update(Buffer.concat(chunks)).digest('hex')
}

const expected = files.map((file) => createHash('sha1').update(file).digest('hex'))

describe.each(['http', 'https'] as const)('connections that share what they read into (%s)', (kind) => {
  it('mix up nothing, even when one reader is slow', async () => {
    const get = await start(kind)
    expect(await Promise.all([sha1Of(get('/0'), 1), sha1Of(get('/1'))])).toEqual(expected)
  })

  it('are used again', async () => {
    const get = await start(kind)
    for (const round of [0, 1, 0]) expect(await sha1Of(get(`/${round}`))).toBe(expected[round])
    expect(connections).toBe(1)
  })

  it('break an answer that is cut', async () => {
    const get = await start(kind)
    const answer = await get('/0')
    answer.once('data', () => server?.closeAllConnections())
    await expect(sha1Of(Promise.resolve(answer))).rejects.toThrow(/aborted|reset/i)
  })
})
