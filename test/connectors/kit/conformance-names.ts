import { type Bench, mebibyte } from './conformance-bench'
import { oddNames } from './odd-names'

/** Whatever a file is called, it stands under its key, with its type and its version. */
export function nameChecks(bench: Bench): void {
  const { check, put, file, freshKey, expectHolds, expectVersion } = bench

  for (const [what, names] of Object.entries(oddNames)) {
    check(`keeps names apart: ${what}`, async () => {
      const sources = names.map((key, index) => [key, file(50 + index, { seed: 1_000 + index })] as const)
      for (const [key, source] of sources) await put(key, source)
      for (const [key, source] of sources) {
        await expectHolds(key, source)
        await expectVersion(key, source)
      }
      const listed = await bench.started.list()
      for (const key of names) expect(listed).toContain(key)
    })
  }

  check('shows nothing but the files', async () => {
    const before = new Set(await bench.started.list())
    const key = freshKey()
    await put(key, file(1_000))
    expect((await bench.started.list()).filter((listed) => !before.has(listed))).toEqual([key])
  })

  check('keeps the media type', async () => {
    if (bench.started.mediaType === undefined) return
    for (const [mediaType, size] of [
      ['image/jpeg', 10],
      ['application/vnd.adobe.photoshop', 10 * mebibyte],
    ] as const) {
      const key = freshKey()
      await put(key, file(size, { mediaType }))
      expect(await bench.started.mediaType(key)).toBe(mediaType)
    }
  })

  check('keeps a version of any ASCII', async () => {
    if (bench.destination.head === undefined) return
    for (const version of [
      'W/"0x8DC: 1"',
      ' a=b; c, "d" %20 \\ <e> ',
      "'{}[]|^`~!@#$&*()_+?/",
      'x'.repeat(200),
      'é'.normalize('NFD').replace(/[^ -~]/g, ''),
    ]) {
      const key = freshKey()
      const source = file(10, { version })
      await put(key, source)
      await expectVersion(key, source)
    }
  })
}
