import { type Bench, mebibyte } from './conformance-bench'
import { createHeapWatch } from './heap-watch'

/** What is put can be read, byte for byte, and told. */
export function contentChecks(bench: Bench): void {
  const { check, put, file, freshKey, expectHolds, expectVersion, expectNothing } = bench

  for (const [size, called] of [
    [0, 'an empty file'],
    [1, 'one byte'],
    [5 * mebibyte + 12_345, '5 MiB and some'],
    [20 * mebibyte, '20 MiB'],
  ] as const) {
    check(`puts ${called}, byte for byte`, async () => {
      const key = freshKey()
      const source = file(size, { seed: size + 7 })
      const stored = await put(key, source)
      expect(stored).toMatchObject({ version: source.version, size })
      await expectHolds(key, source)
      await expectVersion(key, source)
    })
  }

  check('puts a file whose size nobody knows', async () => {
    const key = freshKey()
    const source = file(5 * mebibyte + 3, { unknownSize: true })
    expect(await put(key, source)).toMatchObject({ size: 5 * mebibyte + 3 })
    await expectHolds(key, source)
    await expectVersion(key, source)
  })

  check('puts an empty file whose size nobody knows', async () => {
    const key = freshKey()
    const source = file(0, { unknownSize: true })
    await put(key, source)
    await expectHolds(key, source)
    await expectVersion(key, source)
  })

  check('puts a file that serves no ranges', async () => {
    const key = freshKey()
    const source = file(20 * mebibyte + 1, { ranges: false })
    await put(key, source)
    await expectHolds(key, source)
  })

  check('puts a file that arrives in small pieces', async () => {
    const key = freshKey()
    const source = file(300_001, { chunkSize: 997, ranges: false })
    await put(key, source)
    await expectHolds(key, source)
  })

  check('says nothing about a key that was never put', async () => {
    await expectNothing('never/put.png')
  })

  check('moves 64 MiB without holding them', async () => {
    const key = freshKey()
    const watch = createHeapWatch()
    const source = file(64 * mebibyte, {
      onChunk: (sent) => {
        if (sent % (4 * mebibyte) === 0) watch.sample()
      },
    })
    await put(key, source)
    watch.sample()
    expect(watch.growth()).toBeLessThan(bench.maxHeldBytes)
    await expectHolds(key, source)
  })
}
