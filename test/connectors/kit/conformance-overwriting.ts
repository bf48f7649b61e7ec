import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, mebibyte, never } from './conformance-bench'
import type { FakeBinary } from './fake-binary'

/** What is there is replaced in one step, and only when it is what was expected. */
export function overwritingChecks(bench: Bench): void {
  const { check, checkIf, put, file, freshKey, expectHolds, expectVersion, expectNothing } = bench

  check('overwrites what it holds', async () => {
    const key = freshKey()
    await put(key, file(200_000, { seed: 1 }))
    const second = file(100_000, { seed: 2 })
    await put(key, second)
    await expectHolds(key, second)
    await expectVersion(key, second)
    const third = file(100_000, { seed: 3 })
    await put(key, third)
    await expectHolds(key, third)
    await expectVersion(key, third)
  })

  checkIf('atomic', 'shows the old file or the new one while it overwrites', async () => {
    const key = freshKey()
    const before = file(300_000, { seed: 1 })
    const after = file(9 * mebibyte, { seed: 2, delayMs: 2 })
    await put(key, before)
    const [oldBytes, newBytes] = [before.bytes(), after.bytes()]
    const putting = put(key, after)
    let done = false
    const ended = putting.finally(() => {
      done = true
    })
    let sawOld = 0
    while (!done) {
      const seen = await bench.started.read(key)
      if (seen?.equals(oldBytes)) sawOld += 1
      else expect(seen?.equals(newBytes)).toBe(true)
      await sleep(5)
    }
    await ended
    expect(sawOld).toBeGreaterThan(0)
    await expectHolds(key, after)
  })

  checkIf('conditional', 'refuses to overwrite what is not `previous` any more', async () => {
    const key = freshKey()
    const previous = await put(key, file(1_000, { seed: 1 }))
    const second = file(1_000, { seed: 2 })
    await put(key, second)
    await expect(
      bench.destination.put(key, file(1_000, { seed: 3 }), { previous }, never),
    ).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'DESTINATION_CHANGED',
    })
    await expectHolds(key, second)
  })

  checkIf('conditional', 'refuses to overwrite a large file that is not `previous` any more', async () => {
    const key = freshKey()
    const previous = await put(key, file(1_000, { seed: 1 }))
    const second = file(1_000, { seed: 2 })
    await put(key, second)
    const large = file(20 * mebibyte, { seed: 3 })
    await expect(bench.destination.put(key, large, { previous }, never)).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'DESTINATION_CHANGED',
    })
    await expectHolds(key, second)
  })

  checkIf('conditional', 'refuses to overwrite a file that nobody told it of', async () => {
    const key = freshKey()
    const first = file(1_000, { seed: 1 })
    await put(key, first)
    for (const size of [1_000, 20 * mebibyte]) {
      const next = file(size, { seed: 2 })
      await expect(bench.destination.put(key, next, {}, never)).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'DESTINATION_CHANGED',
      })
    }
    await expectHolds(key, first)
  })

  check('ends in one whole file when two puts overlap', async () => {
    for (const size of [200_000, 9 * mebibyte]) {
      const key = freshKey()
      const delayMs = size > mebibyte ? 1 : 10
      const sources = [1, 2, 3, 4].map((seed) =>
        file(size + (bench.createsOver ? seed : 0), { seed, delayMs }),
      )
      const puts = await Promise.allSettled(
        sources.map((source) => bench.destination.put(key, source, {}, never)),
      )
      expect(puts.some(({ status }) => status === 'fulfilled')).toBe(true)
      for (const result of puts) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ failureClass: 'transient' })
      }
      const found = await bench.started.read(key)
      const winner = sources.find((source) => found?.equals(source.bytes()))
      expect(winner).toBeDefined()
      const version = (await bench.destination.head?.(key, never))?.version
      expect([undefined, winner?.version]).toContain(version)
      const next = file(size, { seed: 9 })
      await put(key, next)
      await expectHolds(key, next)
      await expectVersion(key, next)
    }
  })

  check('never names a version that the file is not, however puts overlap', async () => {
    if (bench.destination.head === undefined) return
    const key = freshKey()
    const held = new Map<string | undefined, FakeBinary>()
    for (let round = 0; round < 12; round++) {
      const sources = [0, 1, 2].map((index) => {
        const number = round * 3 + index
        return file(5_000 + (bench.datesBySeconds ? number : 0), { seed: 100 + number })
      })
      for (const source of sources) held.set(source.version, source)
      await Promise.allSettled(sources.map((source) => put(key, source)))
      const version = (await bench.destination.head(key, never))?.version
      if (version === undefined) continue
      expect((await bench.started.read(key))?.equals(held.get(version)?.bytes() ?? Buffer.alloc(0))).toBe(
        true,
      )
    }
  })

  check('removes, and removes again', async () => {
    if (bench.destination.remove === undefined) return
    const key = freshKey()
    await put(key, file(1_000))
    await bench.destination.remove(key, never)
    await expectNothing(key)
    await bench.destination.remove(key, never)
    await bench.destination.remove('never/there.png', never)
    const next = file(1_000, { seed: 4 })
    await put(key, next)
    await expectHolds(key, next)
  })
}
