import fc from 'fast-check'
import { BridgeError } from '../../../src/core/errors'
import { rejection, startCall } from '../../support/call'
import { startRawServer, until } from '../../support/raw-server'
import { bytes, bytesOf, type Downloads, readAll, size, startDownloads } from './downloads'

let author: Downloads
const start = async (...args: Parameters<typeof startDownloads>): Promise<void> => {
  await author?.close()
  author = await startDownloads(...args)
}
beforeEach(() => start())
afterAll(() => author.close())

const read = async (options: Parameters<Downloads['binary']>[0] = {}, call = startCall()) =>
  readAll(await author.binary(options).open(call.signal))
const ranges = () => author.aem.blobs.requests.map(({ headers }) => headers.range)
const without = async (...names: string[]): Promise<void> =>
  start({ repositoryMetadata: Object.fromEntries(names.map((name) => [name, null])) })

describe('a file', () => {
  it.each(['blob-store', 'same-host', 'direct'] as const)('comes whole by %s', async (delivery) => {
    author.aem.binaries.delivery = delivery
    expect(await read()).toEqual({ got: bytes, error: undefined })
  })

  it('may be empty, or of unknown size and hash', async () => {
    await start({ content: { bytes: '' } })
    expect(await read()).toEqual({ got: Buffer.alloc(0), error: undefined })
    await start()
    author.aem.blobs.faults.add({ fault: { kind: 'chunked' } })
    const facts = { size: undefined, sha1: undefined }
    expect(await read({ facts })).toEqual({ got: bytes, error: undefined })
  })

  it('is asked for when it is read, not before', async () => {
    const stream = await author.binary().open(startCall().signal)
    expect(author.aem.requests).toHaveLength(0)
    stream.destroy()
  })

  it('that is HTML comes as such; a page in its place has another length', async () => {
    const page = { bytes: '<html>an asset</html>' }
    await start({ path: '/content/dam/page.html', content: page })
    expect((await read()).got).toEqual(bytesOf(page))
    author.aem.blobs.faults.add({ fault: { kind: 'html' } })
    expect(await read()).toMatchObject({ got: Buffer.alloc(0), error: { code: 'AEM_FILE_CHANGED' } })
  })
})

describe('a cut', () => {
  it('is mended at any place, by asking for the rest', async () => {
    await start({ content: { size: 200_000, seed: 3 } })
    const whole = bytesOf({ size: 200_000, seed: 3 })
    const place = fc.integer({ min: 0, max: 199_999 })
    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 3 }), async (places) => {
        author.aem.blobs.requests.length = 0
        for (const afterBytes of places)
          author.aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes } })
        const { got, error } = await read()
        expect(error).toBeUndefined()
        expect(got.equals(whole)).toBe(true)
        // Nothing was sent twice but what had not arrived yet when the connection broke.
        for (const range of ranges().slice(1)) expect(range ?? 'none').toMatch(/^(none|bytes=\d+-)$/)
      }),
      { numRuns: 40 },
    )
  })

  it('is mended at every place of a small file', async () => {
    await start({ content: { size: 24, seed: 3 } })
    for (let afterBytes = 0; afterBytes < 24; afterBytes++) {
      author.aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes } })
      expect((await read()).got.equals(bytesOf({ size: 24, seed: 3 }))).toBe(true)
      expect(ranges().at(-1)).toBe(afterBytes === 0 ? undefined : `bytes=${afterBytes}-`)
    }
  })

  it('is mended where no parts are served, by passing over what was read', async () => {
    author.aem.blobs.settings.ranges = false
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes: 700 } })
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes: 300 } })
    expect(await read()).toEqual({ got: bytes, error: undefined })
    expect(ranges()).toEqual([undefined, 'bytes=700-', 'bytes=700-'])
  })

  it('is mended by a new link when the old one has expired', async () => {
    author.aem.binaries.linkSeconds = 1
    author.aem.blobs.faults.add({
      times: 1,
      fault: { kind: 'cut', afterBytes: 400 },
    })
    const sleep = author.clock.sleep
    author.clock.sleep = async (ms, signal) => {
      author.clock.advance(2_000)
      await sleep(ms, signal)
    }
    expect(await read()).toEqual({ got: bytes, error: undefined })
    expect(author.aem.blobs.requests.map(({ status }) => status)).toEqual([200, 403, 206])
  })

  it('of a body whose length nobody announced is noticed', async () => {
    let answers = 0
    const server = await startRawServer((_, response) => {
      answers += 1
      response.writeHead(200, { 'content-type': 'image/jpeg' })
      if (answers > 1) response.end(bytes)
      else response.write(bytes.subarray(0, 600), () => response.destroy())
    })
    try {
      const facts = { size: undefined, sha1: undefined }
      expect((await read({ origin: server.url, facts })).got.equals(bytes)).toBe(true)
      expect(answers).toBe(2)
    } finally {
      await server.close()
    }
  })

  it('that comes again and again without a byte is given up', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'cut', afterBytes: 0 } })
    const { got, error } = await read()
    expect(got).toHaveLength(0)
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_CUT', upstream: 'AEM' })
    expect(ranges()).toHaveLength(4)
    expect(author.clock.sleeps).toHaveLength(3)
  })

  it('is mended as often as it takes while bytes come', async () => {
    author.aem.blobs.faults.add({ times: 20, fault: { kind: 'cut', afterBytes: 10 } })
    expect(await read()).toEqual({ got: bytes, error: undefined })
    expect(ranges()).toHaveLength(21)
  })
})

describe('another version', () => {
  it('between two connections is an error, not a mixture', async () => {
    author.aem.binaries.delivery = 'direct'
    await without('dam:sha1')
    author.aem.binaries.delivery = 'direct'
    author.aem.faults.add({ path: '/content/dam/', times: 1, fault: { kind: 'cut', afterBytes: 400 } })
    const binary = author.binary()
    author.aem.replaceContent(author.asset.id, { size, seed: 'other' })
    author.aem.requests.length = 0
    const sleep = author.clock.sleep
    author.clock.sleep = async (ms, signal) => {
      author.aem.replaceContent(author.asset.id, { size, seed: 'third' })
      await sleep(ms, signal)
    }
    const { got, error } = await readAll(await binary.open(startCall().signal))
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_FILE_CHANGED' })
    expect(got.length).toBeLessThan(size)
  })

  it.each([
    ['of the same size', { size, seed: 'other' }],
    ['that is longer', { size: size + 1, seed: 'chair' }],
    ['that is shorter', { size: size - 1, seed: 'chair' }],
    ['that is empty', { bytes: '' }],
  ])('%s than AEM told of is never handed out to its end', async (_, next) => {
    const binary = author.binary()
    author.aem.replaceContent(author.asset.id, next)
    const { got, error } = await readAll(await binary.open(startCall().signal))
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_FILE_CHANGED' })
    expect(got.length).toBeLessThan(size)
  })
})

describe('the check', () => {
  it.each([
    ['a wrong byte', { kind: 'garbled', at: 999 } as const],
    ['a file that ends early, as if that were all', { kind: 'truncate', afterBytes: 999 } as const],
  ])('withholds the last bytes of %s', async (_, fault) => {
    author.aem.blobs.faults.add({ fault })
    const { got, error } = await read()
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_FILE_CHANGED' })
    expect(got.length).toBeLessThan(size)
  })

  it('withholds the last bytes of a large file, too', async () => {
    await start({ content: { size: 5_000_000, seed: 1 } })
    author.aem.blobs.faults.add({ fault: { kind: 'garbled', at: 1 } })
    const { got, error } = await read()
    expect(error).toMatchObject({ code: 'AEM_FILE_CHANGED' })
    expect(got.length).toBeGreaterThan(1_000_000)
    expect(got.length).toBeLessThan(5_000_000)
  })

  it('does not read a file to its end that announces another size', async () => {
    await start({ content: { size: 64 * 2 ** 20 }, repositoryMetadata: { 'repo:size': 64 * 2 ** 20 + 1 } })
    expect(await read()).toMatchObject({ error: { code: 'AEM_FILE_CHANGED' } })
    expect(author.aem.blobs.requests[0]?.bytesSent).toBeLessThan(16 * 2 ** 20)
  })
})

describe('a compressed answer', () => {
  it('is unpacked, and so is one that was cut', async () => {
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'gzip' } })
    expect(await read()).toEqual({ got: bytes, error: undefined })
    let answers = 0
    const { gzipSync } = await import('node:zlib')
    const zipped = gzipSync(bytes)
    const server = await startRawServer((_, response) => {
      answers += 1
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': zipped.length })
      if (answers > 1) response.end(zipped)
      else response.write(zipped.subarray(0, 500), () => response.destroy())
    })
    try {
      expect(await read({ origin: server.url })).toEqual({ got: bytes, error: undefined })
      expect(await read({ origin: server.url, facts: { size: undefined, sha1: undefined } })).toEqual({
        got: bytes,
        error: undefined,
      })
    } finally {
      await server.close()
    }
  })

  it('is the file itself when it has its size, and refused when nobody can read it', async () => {
    let encoding = 'gzip'
    const server = await startRawServer((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding, 'content-length': size }).end(bytes),
    )
    try {
      expect(await read({ origin: server.url })).toEqual({ got: bytes, error: undefined })
      encoding = 'zstd-of-tomorrow'
      const { error } = await read({ origin: server.url, facts: { size: undefined, sha1: undefined } })
      expect(error).toMatchObject({ failureClass: 'systemic', code: 'AEM_ENCODED' })
    } finally {
      await server.close()
    }
  })
})

describe('faults before the first byte', () => {
  it('are tried again, not before AEM wants it', async () => {
    author.aem.faults.add({
      path: '/content/dam/',
      times: 1,
      fault: { kind: 'status', status: 429, headers: { 'retry-after': '9' } },
    })
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'status', status: 500 } })
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'html' } })
    expect(await read()).toEqual({ got: bytes, error: undefined })
    expect(author.clock.sleeps[0]).toBeGreaterThanOrEqual(9000)
  })

  it('are not waited for beyond the end of the call', async () => {
    author.aem.faults.add({
      path: '/content/dam/',
      fault: { kind: 'status', status: 503, headers: { 'retry-after': '60' } },
    })
    const call = startCall({ deadline: author.clock.now() + 30_000 })
    expect(await read({}, call)).toMatchObject({ error: { code: 'AEM_UNAVAILABLE', retryAfterMs: 60_000 } })
    expect(author.clock.sleeps).toEqual([])
  })

  it.each([403, 404])('are final where trying again cannot help (%i)', async (status) => {
    author.aem.faults.add({ path: '/content/dam/', fault: { kind: 'status', status } })
    expect((await read()).error).toBeInstanceOf(BridgeError)
    expect(author.aem.requests).toHaveLength(1)
  })

  it('by chance, all kinds of them, never bring anything but the file or an error', async () => {
    await start({ content: { size: 300_000, seed: 5 } })
    const whole = bytesOf({ size: 300_000, seed: 5 })
    let done = 0
    for (let seed = 1; seed <= 40; seed++) {
      const rule = author.aem.blobs.faults.random({
        seed,
        probability: 0.6,
        faults: [
          { kind: 'cut' },
          { kind: 'cut', afterBytes: 250_000 },
          { kind: 'reset' },
          { kind: 'status', status: 503 },
          { kind: 'status', status: 403 },
          { kind: 'html' },
          { kind: 'garbled', at: 77 },
          { kind: 'truncate', afterBytes: 100_000 },
          { kind: 'gzip' },
          { kind: 'chunked' },
        ],
      })
      const { got, error } = await read()
      rule.remove()
      if (error === undefined) {
        expect(got.equals(whole)).toBe(true)
        done += 1
      } else {
        expect(error).toBeInstanceOf(BridgeError)
        expect(got.length).toBeLessThan(whole.length)
      }
    }
    expect(done).toBeGreaterThan(10)
  })
})

describe('a part', () => {
  it('has exactly the bytes that were asked for, and costs one link for all', async () => {
    const binary = author.binary()
    await fc.assert(
      fc.asyncProperty(fc.nat(size), fc.nat(size), async (a, b) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        const part = await binary.readRange({ start: from, end: to }, startCall().signal)
        expect(part.equals(bytes.subarray(from, to))).toBe(true)
      }),
      { numRuns: 50 },
    )
    expect(author.aem.requests).toHaveLength(1)
  })

  it.each([
    ['is cut', { kind: 'cut', afterBytes: 5 } as const],
    ['is refused for now', { kind: 'status', status: 503 } as const],
    ['is reset', { kind: 'reset' } as const],
    ['is a page', { kind: 'html' } as const],
  ])('that %s is read again', async (_, fault) => {
    author.aem.blobs.faults.add({ times: 2, fault })
    const part = await author.binary().readRange({ start: 10, end: 90 }, startCall().signal)
    expect(part.equals(bytes.subarray(10, 90))).toBe(true)
  })

  it('that stalls is given up and read again', async () => {
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'stall', afterBytes: 5 } })
    const part = await author.binary({ idleMs: 50 }).readRange({ start: 10, end: 90 }, startCall().signal)
    expect(part.equals(bytes.subarray(10, 90))).toBe(true)
  })

  it('of a source that serves none says so, at once', async () => {
    author.aem.blobs.settings.ranges = false
    const error = await rejection(author.binary().readRange({ start: 1, end: 2 }, startCall().signal))
    expect(error).toMatchObject({ failureClass: 'permanent', code: 'AEM_WITHOUT_RANGES' })
    expect(author.clock.sleeps).toEqual([])
  })

  it('of another version than the part before, or than AEM told of, is refused', async () => {
    await without('dam:sha1')
    author.aem.binaries.delivery = 'direct'
    const binary = author.binary()
    await binary.readRange({ start: 0, end: 10 }, startCall().signal)
    author.aem.replaceContent(author.asset.id, { size, seed: 'other' })
    expect(await rejection(binary.readRange({ start: 10, end: 20 }, startCall().signal))).toMatchObject({
      failureClass: 'transient',
      code: 'AEM_FILE_CHANGED',
    })
    const known = author.binary()
    author.aem.replaceContent(author.asset.id, { size: size + 5 })
    expect(await rejection(known.readRange({ start: 0, end: 20 }, startCall().signal))).toMatchObject({
      code: 'AEM_FILE_CHANGED',
    })
  })

  it('shorter than asked for is no part', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'truncate', afterBytes: 3 } })
    expect(
      await rejection(author.binary().readRange({ start: 0, end: 20 }, startCall().signal)),
    ).toMatchObject({
      failureClass: 'transient',
    })
  })
})

describe('a stream', () => {
  it('that stalls is given up and goes on from there', async () => {
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'stall', afterBytes: 600 } })
    expect(await read({ idleMs: 60 })).toEqual({ got: bytes, error: undefined })
    expect(ranges()).toEqual([undefined, 'bytes=600-'])
  })

  it('that stalls for good ends with an error', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'stall', afterBytes: 0 } })
    expect(await read({ idleMs: 20 })).toMatchObject({ error: { code: 'AEM_STALLED' } })
  })

  it('that is slow, but comes, is waited for', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'throttle', bytesPerSecond: 4000 } })
    expect(await read({ idleMs: 200 })).toEqual({ got: bytes, error: undefined })
    expect(ranges()).toHaveLength(1)
  })

  it('ends with the call: its connection closes, its reader hears the reason', async () => {
    author.aem.blobs.faults.add({ fault: { kind: 'stall', afterBytes: 600 } })
    let open = 0
    const server = await startRawServer((_, response) => {
      open += 1
      response.on('close', () => {
        open -= 1
      })
      response.writeHead(200, { 'content-length': size, 'content-type': 'image/jpeg' })
      response.write(bytes.subarray(0, 500))
    })
    try {
      const call = startCall()
      const reading = read({ origin: server.url }, call)
      await until(() => open === 1, 'a download')
      call.abort(new Error('the time is up'))
      expect((await reading).error).toMatchObject({ message: 'the time is up' })
      await until(() => open === 0 && server.open() === 0, 'the connection closes', 500)
    } finally {
      await server.close()
    }
  })

  it('that nobody reads on is let go', async () => {
    await start({ content: { size: 64 * 2 ** 20 } })
    const stream = await author.binary().open(startCall().signal)
    for await (const chunk of stream) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(stream.destroyed).toBe(true)
    const sent = () => author.aem.blobs.requests[0]?.bytesSent ?? 0
    expect(sent()).toBeLessThan(64 * 2 ** 20)
  })

  it('does not begin for a call that is over', async () => {
    const call = startCall()
    call.abort(new Error('over'))
    await expect(author.binary().open(call.signal)).rejects.toThrow('over')
    expect(author.aem.requests).toHaveLength(0)
  })
})
