import { createHeapWatch } from '../../connectors/kit/heap-watch'
import { startCall } from '../../support/call'
import type { Downloads } from './downloads'

export const mebibyte = 2 ** 20

/**
 * Reads the author's file to its end over connections that are cut, one after each of `cuts` bytes, and checks that
 * all of it came in little memory.
 */
export async function readCutAgainAndAgain(author: Downloads, large: number, cuts: number[]): Promise<void> {
  for (const afterBytes of cuts) author.aem.blobs.faults.add({ times: 1, fault: { kind: 'cut', afterBytes } })
  const watch = createHeapWatch()
  const sampleEvery = large / 4
  let size = 0
  let nextSample = sampleEvery / 2
  for await (const chunk of await author.binary().open(startCall())) {
    size += chunk.length
    if (size < nextSample) continue
    watch.sample()
    nextSample += sampleEvery
  }
  expect(size).toBe(large)
  // The end comes only after the SHA-1 was right.
  expect(author.asset.repositoryMetadata['dam:sha1']).toMatch(/^[0-9a-f]{40}$/)
  expect(author.aem.blobs.requests).toHaveLength(cuts.length + 1)
  expect(watch.growth()).toBeLessThan(16 * mebibyte)
}
