import { createHeapWatch } from '../../connectors/kit/heap-watch'
import { startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { type Downloads, startDownloads } from './downloads'

const large = 256 * 2 ** 20
const mebibyte = 2 ** 20

let author: Downloads
beforeAll(async () => {
  author = await startDownloads({ content: { size: large, seed: 'film' } })
})
afterAll(() => author.close())
beforeEach(() => {
  author.aem.blobs.faults.clear()
  author.aem.blobs.requests.length = 0
})

it('reads a large file that is cut again and again, in little memory', async () => {
  for (const afterBytes of [50, 20, 1, 90].map((it) => it * mebibyte + 17))
    author.aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes } })
  const watch = createHeapWatch()
  let size = 0
  let nextSample = 30 * mebibyte
  for await (const chunk of await author.binary().open(startCall().signal)) {
    size += chunk.length
    if (size < nextSample) continue
    watch.sample()
    nextSample += 60 * mebibyte
  }
  expect(size).toBe(large)
  // The end comes only after the SHA-1 was right.
  expect(author.asset.repositoryMetadata['dam:sha1']).toMatch(/^[0-9a-f]{40}$/)
  expect(author.aem.blobs.requests).toHaveLength(5)
  expect(watch.growth()).toBeLessThan(16 * mebibyte)
})

it('does not read ahead of a reader that takes its time, and does not call that a stall', async () => {
  const stream = await author.binary({ idleMs: 100 }).open(startCall().signal)
  const chunks = stream[Symbol.asyncIterator]()
  const first: Buffer = (await chunks.next()).value
  expect(first.length).toBeGreaterThan(0)
  let sent = -1
  // The kernel's buffers fill up, then nothing moves any more.
  await until(() => {
    const before = sent
    sent = author.aem.blobs.requests[0]?.bytesSent ?? 0
    return sent === before && stream.readableLength >= 256 * 1024
  }, 'the buffers are full')
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(author.aem.blobs.requests[0]?.bytesSent).toBeLessThan(24 * mebibyte)
  expect(stream.readableLength).toBeLessThan(mebibyte)
  let size = first.length
  while (size < 64 * mebibyte) size += (await chunks.next()).value.length
  expect(author.aem.blobs.requests).toHaveLength(1)
  stream.destroy()
})
