import { getEventListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { discard, getStream, type StreamOptions } from '../../src/http/stream'
import { rejection, startCall } from '../support/call'
import { type RawServer, startRawServer, until } from '../support/raw-server'

let server: RawServer | undefined
const serve = async (handle: (request: IncomingMessage, response: ServerResponse) => void) => {
  server = await startRawServer(handle)
  return server
}
afterEach(() => server?.close())

const get = (url: string, options: Partial<StreamOptions> = {}) =>
  getStream(new URL(url), { upstream: 'AEM', headers: {}, signal: startCall().signal, ...options })
const text = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

it('gives status, headers and body, and asks for nothing compressed', async () => {
  const { url, requests } = await serve((_, response) =>
    response.writeHead(206, { ETag: '"1"', 'set-cookie': ['a', 'b'] }).end('bytes'),
  )
  const { status, headers, body } = await get(url, { headers: { range: 'bytes=1-5' } })
  expect([status, headers.get('etag'), headers.get('set-cookie')]).toEqual([206, '"1"', 'a, b'])
  expect(await text(body)).toBe('bytes')
  expect(requests[0]?.headers).toMatchObject({
    'accept-encoding': 'identity',
    'user-agent': 'aem-asset-bridge',
    range: 'bytes=1-5',
  })
})

it.each([
  ['whose length was announced', { 'content-length': '100' }],
  ['whose length was not', {}],
])('breaks a body that is cut, %s', async (_, headers) => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, headers)
    response.write('half', () => response.destroy())
  })
  const { body } = await get(url)
  await expect(text(body)).rejects.toThrow()
})

it('leaves nothing on the signal of a call that makes many requests', async () => {
  const { url } = await serve(({ url: path }, response) =>
    path === '/cut' ? response.destroy() : response.end('x'.repeat(100_000)),
  )
  const { signal } = startCall()
  for (let round = 0; round < 5; round++) await text((await get(url, { signal })).body)
  for (let round = 0; round < 5; round++) discard(await get(url, { signal }))
  for (let round = 0; round < 5; round++) (await get(url, { signal })).body.destroy()
  await rejection(get(`${url}/cut`, { signal }))
  await until(() => getEventListeners(signal, 'abort').length === 0, 'no listener is left')
})

it('keeps the connection of an answer that is read, or short and discarded', async () => {
  const raw = await serve((_, response) => response.end('ok'))
  await text((await get(raw.url)).body)
  const answer = await get(raw.url)
  discard(answer)
  await until(() => answer.body.closed, 'it was drained')
  await text((await get(raw.url)).body)
  expect(raw.connections()).toBe(1)
})

it.each([
  ['announced', { 'content-length': String(2 ** 30) }],
  ['not announced', {}],
])('closes the connection of a long answer that is discarded (%s)', async (_, headers) => {
  const raw = await serve((_request, response) => {
    response.writeHead(200, headers)
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  discard(await get(raw.url))
  await until(() => raw.open() === 0, 'the connection is closed')
})

it('closes the connection of a body that is destroyed, and of a call that ends', async () => {
  const raw = await serve((_, response) => void response.writeHead(200).write('x'))
  const first = await get(raw.url)
  first.body.on('error', () => undefined).destroy()
  await until(() => raw.open() === 0, 'the connection is closed')
  const call = startCall()
  const second = await get(raw.url, { signal: call.signal })
  const reading = rejection(text(second.body))
  call.abort(new Error('over'))
  await until(() => raw.open() === 0, 'the connection is closed')
  expect(await reading).toMatchObject({ code: 'ECONNRESET' })
})

it('takes a new connection when the old one turns out to be dead', async () => {
  const raw = await serve((request, response) => {
    response.end('ok', () => {
      // Closed when the client believes it open, as load balancers do.
      if (raw.requests.length === 1) setImmediate(() => request.socket.resetAndDestroy())
    })
  })
  await text((await get(raw.url)).body)
  expect(await text((await get(raw.url)).body)).toBe('ok')
})

it.each([
  ['refuses the connection', 'ECONNREFUSED', async () => 'http://127.0.0.1:1/secret?sig=secret'],
  ['is no host', 'ENOTFOUND|EAI_AGAIN', async () => 'http://no-such-host.invalid/secret?sig=secret'],
  [
    'hangs up',
    'ECONNRESET',
    async () => `${(await serve((request) => request.socket.destroy())).url}/secret?sig=secret`,
  ],
  [
    'speaks no TLS',
    'EPROTO|ERR_SSL|ECONNRESET',
    async () => `https://127.0.0.1:${(await serve(() => undefined)).port}/secret?sig=secret`,
  ],
])('says by code that a server %s', async (_, code, where) => {
  const error = await rejection(get(await where()))
  expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_UNREACHABLE', upstream: 'AEM' })
  expect(String(error)).toMatch(new RegExp(code))
  expect(String(error)).not.toContain('secret')
})

it('speaks of an answer that is no HTTP as of a server that cannot be reached', async () => {
  const odd = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'))
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve))
  const address = odd.address()
  const port = typeof address === 'object' ? address?.port : 0
  try {
    expect(await rejection(get(`http://127.0.0.1:${port}/`))).toMatchObject({
      failureClass: 'transient',
      code: 'AEM_UNREACHABLE',
    })
  } finally {
    odd.close()
  }
})

it('never shows a token that no header may hold', async () => {
  const { url } = await serve((_, response) => response.end())
  const error = await rejection(get(url, { headers: { authorization: 'Bearer sec\nret' } }))
  expect(error).toMatchObject({ failureClass: 'systemic', code: 'INPUT_INVALID' })
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/sec|ret\b/)
})

it('gives up a server that does not answer, and closes the connection', async () => {
  const raw = await serve(() => undefined)
  const error = await rejection(get(raw.url, { answerMs: 30 }))
  expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_TIMEOUT' })
  await until(() => raw.open() === 0, 'the connection is closed')
})

it('does not hurry a body that began in time', async () => {
  const { url } = await serve((_, response) => {
    response.write('slow, ')
    setTimeout(() => response.end('but sure'), 60)
  })
  const { body } = await get(url, { answerMs: 30 })
  expect(await text(body)).toBe('slow, but sure')
})
