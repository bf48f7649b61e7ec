import { type Bench, mebibyte, never } from './conformance-bench'

/** What breaks off leaves no trace, and every error is of the right class and tells no secret. */
export function failureChecks(bench: Bench): void {
  const { check, put, file, freshKey, expectHolds, expectVersion, expectNothing, failureOf } = bench

  const brokenSources = [
    ['fails midway', { failAt: 150_000 }],
    ['fails midway in a large file', { failAt: 12 * mebibyte + 5, large: true }],
    ['fails before the first byte', { failAt: 0 }],
    ['fails midway and has no known size', { failAt: 150_000, unknownSize: true }],
  ] as const
  for (const [what, { large, ...fault }] of brokenSources.map(
    ([what, given]) => [what, { large: false, ...given }] as const,
  )) {
    const size = large ? 24 * mebibyte : 400_000

    check(`leaves nothing behind when a source ${what}`, async () => {
      const key = freshKey()
      const before = await bench.started.list()
      await expect(put(key, file(size, fault))).rejects.toMatchObject({ failureClass: 'transient' })
      await expectNothing(key)
      expect(await bench.started.list()).toEqual(before)
    })

    check(`keeps the old file when a source ${what}`, async () => {
      const key = freshKey()
      const old = file(1_000, { seed: 5 })
      await put(key, old)
      await expect(put(key, file(size, fault))).rejects.toMatchObject({ failureClass: 'transient' })
      await expectHolds(key, old)
      await expectVersion(key, old)
      const next = file(2_000, { seed: 6 })
      await put(key, next)
      await expectHolds(key, next)
    })
  }

  for (const [what, size, hangAt] of [
    ['a small file', 400_000, 100_000],
    ['a large file', 24 * mebibyte, 12 * mebibyte],
  ] as const) {
    check(`stops at once when it is aborted in ${what}, and leaves what was there`, async () => {
      const [fresh, used] = [freshKey(), freshKey()]
      const old = file(1_000, { seed: 5 })
      await put(used, old)
      for (const key of [fresh, used]) {
        const controller = new AbortController()
        let putting: Promise<unknown> | undefined
        await new Promise<void>((onHang, fail) => {
          putting = put(key, file(size, { hangAt, onHang }), controller.signal)
          putting.catch(fail)
        })
        const at = Date.now()
        controller.abort(new Error('time is up'))
        await expect(putting).rejects.toThrow()
        expect(Date.now() - at).toBeLessThan(3_000)
      }
      await expectNothing(fresh)
      await expectHolds(used, old)
      await expectVersion(used, old)
    })
  }

  check('does nothing when it is aborted beforehand', async () => {
    const key = freshKey()
    const signal = AbortSignal.abort(new Error('time is up'))
    await expect(bench.destination.put(key, file(1_000), { signal })).rejects.toThrow()
    await expectNothing(key)
  })

  check('calls wrong credentials systemic', async () => {
    const broken = await bench.started.breakIt?.wrongCredentials?.()
    if (broken === undefined) return
    const key = freshKey()
    if (broken.head !== undefined) {
      expect((await failureOf(broken.head(key, never))).failureClass).toBe('systemic')
    }
    const failure = await failureOf(broken.put(key, file(1_000), { signal: never }))
    expect(failure.failureClass).toBe('systemic')
    await expectNothing(key)
  })

  check('calls an unreachable place systemic, or transient', async () => {
    const broken = await bench.started.breakIt?.unreachable?.()
    if (broken === undefined) return
    const key = freshKey()
    if (broken.head !== undefined) {
      expect(['systemic', 'transient']).toContain((await failureOf(broken.head(key, never))).failureClass)
    }
    const failure = await failureOf(broken.put(key, file(1_000), { signal: never }))
    expect(['systemic', 'transient']).toContain(failure.failureClass)
  })

  check('tells no secret when a source fails', async () => {
    await failureOf(put(freshKey(), file(400_000, { failAt: 100_000 })))
  })
}
