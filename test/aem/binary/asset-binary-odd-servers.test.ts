import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { rejection, startCall } from '../../support/call'
import { type RawServer, startRawServer } from '../../support/raw-server'
import { bytes, type Downloads, readAll, size, startDownloads } from './downloads'

type Handle = (request: IncomingMessage, response: ServerResponse, round: number) => void

let author: Downloads
let server: RawServer
beforeAll(async () => {
  author = await startDownloads()
})
afterAll(() => author.close())
afterEach(() => server.close())

/** Answers as told; `round` counts from 1. */
const serve = async (handle: Handle): Promise<void> => {
  let round = 0
  server = await startRawServer((request, response) => {
    round += 1
    handle(request, response, round)
  })
}
const unknown = { size: undefined, sha1: undefined }
const binary = (facts = {}) => author.binary({ origin: server.url, facts })
const read = async (facts = {}) => readAll(await binary(facts).open(startCall().signal))
const ranges = () => server.requests.map(({ headers }) => headers.range)
/** So much of a body, then the end of the connection. */
const cut = (response: ServerResponse, part: Buffer, headers = {}): void => {
  response.writeHead(200, headers)
  response.write(part, () => response.destroy())
}

it('asks for nothing more when all the bytes are there, even if the end is missing', async () => {
  await serve((_, response) => cut(response, bytes))
  expect(await read()).toEqual({ got: bytes, error: undefined })
  expect(ranges()).toEqual([undefined])
})

it('begins again when there is nothing behind what it has', async () => {
  await serve(({ headers }, response, round) => {
    if (round === 1) cut(response, bytes)
    else if (headers.range !== undefined) response.writeHead(416).end()
    else response.end(bytes)
  })
  expect(await read(unknown)).toEqual({ got: bytes, error: undefined })
  expect(ranges()).toEqual([undefined, 'bytes=1000-', undefined])
})

it('notices a file that became shorter than what it has', async () => {
  await serve(({ headers }, response, round) => {
    if (round === 1) cut(response, bytes.subarray(0, 800))
    else if (headers.range !== undefined) response.writeHead(416).end()
    else response.end(bytes.subarray(0, 500))
  })
  const { got, error } = await read(unknown)
  expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_FILE_CHANGED' })
  expect(got.length).toBeLessThan(800)
})

it('does not take a part for another one', async () => {
  const range = (start: number) => ({ 'content-range': `bytes ${start}-${size - 1}/${size}` })
  await serve((_, response, round) => {
    if (round === 1) cut(response, bytes.subarray(0, 300))
    else response.writeHead(206, range(301)).end(bytes.subarray(301))
  })
  expect(await read(unknown)).toMatchObject({ error: { code: 'AEM_FILE_CHANGED' } })
  expect(
    await rejection(binary(unknown).readRange({ start: 300, end: size }, startCall().signal)),
  ).toMatchObject({ code: 'AEM_FILE_CHANGED' })
})

it('passes over what it has when a part begins earlier', async () => {
  await serve((_, response, round) => {
    if (round === 1) cut(response, bytes.subarray(0, 300))
    else response.writeHead(206, { 'content-range': `bytes 256-${size - 1}/*` }).end(bytes.subarray(256))
  })
  expect(await read()).toEqual({ got: bytes, error: undefined })
})

it('takes a part that does not say where it lies for the one it asked for', async () => {
  await serve((_, response, round) => {
    if (round === 1) cut(response, bytes.subarray(0, 300))
    else response.writeHead(206).end(bytes.subarray(300))
  })
  expect(await read()).toEqual({ got: bytes, error: undefined })
})

it('asks for no part of a file that comes compressed, for there is none', async () => {
  const zipped = gzipSync(bytes)
  await serve((_, response, round) => {
    const headers = { 'content-encoding': 'gzip' }
    if (round === 1) cut(response, zipped.subarray(0, 900), headers)
    else response.writeHead(200, headers).end(zipped)
  })
  expect(await read(unknown)).toEqual({ got: bytes, error: undefined })
  expect(ranges()).toEqual([undefined, undefined])
})

it('does not join a compressed part to plain bytes', async () => {
  await serve(({ headers }, response, round) => {
    if (round === 1) cut(response, bytes.subarray(0, 300))
    else if (headers.range === undefined) response.end(bytes)
    else response.writeHead(206, { 'content-encoding': 'gzip' }).end(gzipSync(bytes.subarray(300)))
  })
  expect(await read(unknown)).toEqual({ got: bytes, error: undefined })
  expect(await rejection(binary().readRange({ start: 300, end: size }, startCall().signal))).toMatchObject({
    failureClass: 'permanent',
    code: 'AEM_WITHOUT_RANGES',
  })
})

it('is not misled by an answer of more than the file', async () => {
  await serve((_, response) => response.end(Buffer.concat([bytes, bytes])))
  const { got, error } = await read()
  expect(error).toMatchObject({ code: 'AEM_FILE_CHANGED' })
  expect(got.length).toBeLessThan(size)
})

it.each([
  ['of known size', {}],
  ['of unknown size', unknown],
])('reads a file %s on when it is given in smaller parts than were asked for', async (_, facts) => {
  const most = 300
  const slept = author.clock.sleeps.length
  await serve(({ headers }, response) => {
    const start = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
    const end = Math.min(start + most, size)
    response
      .writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${size}` })
      .end(bytes.subarray(start, end))
  })
  expect(await read(facts)).toEqual({ got: bytes, error: undefined })
  expect(ranges()).toEqual([undefined, 'bytes=300-', 'bytes=600-', 'bytes=900-'])
  expect(author.clock.sleeps).toHaveLength(slept)
  const part = await binary(facts).readRange({ start: 100, end: 400 }, startCall().signal)
  expect(part.equals(bytes.subarray(100, 400))).toBe(true)
  expect(
    await rejection(binary(facts).readRange({ start: 100, end: 401 }, startCall().signal)),
  ).toMatchObject({ failureClass: 'permanent', code: 'AEM_WITHOUT_RANGES' })
})

it('does not ask for ever for parts that turn out to be empty', async () => {
  await serve((_, response) =>
    response.writeHead(206, { 'content-range': `bytes 0-0/${size}`, 'content-length': 0 }).end(),
  )
  expect(await read()).toMatchObject({ error: { failureClass: 'transient', code: 'AEM_CUT' } })
  expect(ranges()).toHaveLength(4)
})
