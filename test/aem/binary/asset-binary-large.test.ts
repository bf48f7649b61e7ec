import { startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { type Downloads, startDownloads } from './downloads'
import { mebibyte, readCutAgainAndAgain } from './large-downloads'

const large = 64 * mebibyte

let author: Downloads
beforeAll(async () => {
  author = await startDownloads({ content: { size: large, seed: 'film' } })
})
afterAll(() => author.close())
beforeEach(() => {
  author.aem.blobs.faults.clear()
  author.aem.blobs.requests.length = 0
})

it('reads a large file that is cut again and again, in little memory', () =>
  readCutAgainAndAgain(
    author,
    large,
    [12, 5, 1, 22].map((it) => it * mebibyte + 17),
  ))

it('does not read ahead of a reader that takes its time, and does not call that a stall', async () => {
  const stream = await author.binary({ idleMs: 100 }).open(startCall())
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
  while (size < 32 * mebibyte) size += (await chunks.next()).value.length
  expect(author.aem.blobs.requests).toHaveLength(1)
  stream.destroy()
})
