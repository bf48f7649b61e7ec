import type { ListedObject, ListOptions } from '../../../src/plugin/destination'
import { assetWith } from '../../metadata/fixtures'
import { startCall } from '../../support/call'
import { type Bench, never } from './conformance-bench'
import { oddNames } from './odd-names'

const atOnce = 16

/** What a destination lists is what the bridge put there, all of it, in the order of the keys. */
export function listChecks(bench: Bench): void {
  const { put, file, freshKey } = bench
  const check = (title: string, run: () => Promise<void>): void => bench.checkIf('list', title, run)

  check('lists what was put, with its version and its asset', async () => {
    const folder = freshFolder()
    const asset = assetWith({ id: 'urn:aaid:aem:00000000-0000-0000-0000-00000000000a' })
    const [named, nameless] = [file(20, { seed: 1 }), file(30, { seed: 2 })]
    await put(`${folder}/named.png`, { ...named, asset })
    await put(`${folder}/nameless.png`, nameless)
    const [firstListed, secondListed] = await collect({ prefix: folder })
    expect(firstListed).toMatchObject({
      key: `${folder}/named.png`,
      version: named.version,
      size: 20,
      assetId: asset.id,
    })
    expect(secondListed).toMatchObject({ key: `${folder}/nameless.png`, version: nameless.version, size: 30 })
    expect(secondListed).not.toHaveProperty('assetId')
    for (const { key, assetId: _, ...held } of [firstListed, secondListed].filter((one) => one !== undefined))
      expect(await bench.destination.head?.(key, never)).toEqual(held)
  })

  check('lists the newest version and asset, and nothing that was removed', async () => {
    const folder = freshFolder()
    const [kept, removed] = [`${folder}/kept.png`, `${folder}/removed.png`]
    await put(removed, file(10))
    await put(kept, { ...file(10, { seed: 1 }), asset: assetWith({ id: 'urn:aaid:aem:old' }) })
    const newer = { ...file(11, { seed: 2 }), asset: assetWith({ id: 'urn:aaid:aem:new' }) }
    await put(kept, newer)
    await bench.destination.remove?.(removed, never)
    expect(await collect({ prefix: folder })).toMatchObject([
      { key: kept, version: newer.version, size: 11, assetId: 'urn:aaid:aem:new' },
    ])
  })

  check('lists a large file with its asset', async () => {
    const key = freshKey()
    await put(key, { ...file(10 * 1024 * 1024), asset: assetWith({ id: 'urn:aaid:aem:large' }) })
    expect(await collect({ prefix: key })).toMatchObject([{ key, assetId: 'urn:aaid:aem:large' }])
  })

  check('lists in the order of the keys, from any key on, under any prefix', async () => {
    const folder = freshFolder()
    const names = ['a-b.png', 'a.png', 'a/b.png', 'a/c/d.png', 'a0.png', 'b/a.png', 'ランプ.png']
    const keys = names.map((name) => `${folder}/${name}`)
    for (const key of [...keys].reverse()) await put(key, file(5))
    await put(`${folder}z/other.png`, file(5))
    expect(await keysOf({ prefix: `${folder}/` })).toEqual(keys)
    for (const [index, after] of keys.entries())
      expect(await keysOf({ prefix: `${folder}/`, after })).toEqual(keys.slice(index + 1))
    // One that is not there, and a folder.
    expect(await keysOf({ prefix: `${folder}/`, after: `${folder}/a/b.pnf` })).toEqual(keys.slice(2))
    expect(await keysOf({ prefix: `${folder}/`, after: `${folder}/a/` })).toEqual(keys.slice(2))
    expect(await keysOf({ prefix: `${folder}/a` })).toEqual(keys.slice(0, 5))
    expect(await keysOf({ prefix: `${folder}/a/` })).toEqual(keys.slice(2, 4))
    expect(await keysOf({ prefix: `${folder}/none` })).toEqual([])
    const all = await keysOf({})
    expect(all).toEqual(expect.arrayContaining([...keys, `${folder}z/other.png`]))
    expect(await keysOf({ after: `${folder}/` })).toEqual(all.slice(all.indexOf(`${folder}/a-b.png`)))
  })

  check('lists in the order of the bytes of UTF-8', async () => {
    const folder = freshFolder()
    // The other way round in the order of UTF-16.
    const keys = [`${folder}/ﬁ.png`, `${folder}/💡.png`]
    for (const key of keys) await put(key, file(5))
    expect(await keysOf({ prefix: `${folder}/` })).toEqual(keys)
    expect(await keysOf({ prefix: `${folder}/`, after: `${folder}/ﬁ.png` })).toEqual(keys.slice(1))
  })

  for (const [what, names] of Object.entries(oddNames)) {
    check(`lists names as they are: ${what}`, async () => {
      const folder = freshFolder()
      const keys = names.map((name) => `${folder}/${name}`)
      for (const [index, key] of keys.entries()) await put(key, file(40 + index))
      expect((await keysOf({ prefix: `${folder}/` })).sort()).toEqual([...keys].sort())
    })
  }

  check('lists no file of another program', async () => {
    const { putForeign } = bench.started
    if (putForeign === undefined) return
    const folder = freshFolder()
    await put(`${folder}/ours.png`, file(10))
    await put(`${folder}/theirs-now.png`, file(10))
    await putForeign(`${folder}/foreign.png`, Buffer.from('of another program'))
    await putForeign(`${folder}/theirs-now.png`, Buffer.from('written over ours by another program'))
    expect(await keysOf({ prefix: folder })).toEqual([`${folder}/ours.png`])
  })

  check('lists neither what broke off nor what the check of the destination writes', async () => {
    const folder = freshFolder()
    await expect(put(`${folder}/broken.png`, file(400_000, { failAt: 150_000 }))).rejects.toThrow()
    await put(`${folder}/ours.png`, file(10))
    const before = await keysOf({})
    await bench.destination.check(never)
    expect(await keysOf({})).toEqual(before)
    expect(await keysOf({ prefix: folder })).toEqual([`${folder}/ours.png`])
  })

  check('lists more than a page holds, each once', async () => {
    const folder = freshFolder()
    const keys = Array.from({ length: bench.listedAtOnce + 1 }, (_, n) => `${folder}/${n + 10_000}.png`)
    const left = keys.values()
    const worker = async (): Promise<void> => {
      for (const key of left) await bench.destination.put(key, file(1), {}, never)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    expect(await keysOf({ prefix: `${folder}/` })).toEqual(keys)
    expect(await keysOf({ prefix: `${folder}/`, after: keys.at(-3) ?? '' })).toEqual(keys.slice(-2))
  })

  check('ends its list with the reason of the signal', async () => {
    await put(freshKey(), file(10))
    const [call, reason] = [startCall(), new Error('time is up')]
    call.abort(reason)
    await expect(collect({}, call)).rejects.toThrow()
  })

  check('never takes wrong credentials, or an unreachable place, for an empty one', async () => {
    const { wrongCredentials, unreachable } = bench.started.breakIt ?? {}
    for (const broken of [await wrongCredentials?.(), await unreachable?.()]) {
      if (broken?.list === undefined) continue
      const { failureClass } = await bench.failureOf(first(broken.list({}, never)))
      expect(['systemic', 'transient']).toContain(failureClass)
    }
  })

  const freshFolder = (): string => freshKey().replace('/lamp.png', '')

  async function collect(options: ListOptions, call = never): Promise<ListedObject[]> {
    const found: ListedObject[] = []
    for await (const one of bench.destination.list?.(options, call) ?? []) found.push(one)
    return found
  }

  const keysOf = async (options: ListOptions): Promise<string[]> =>
    (await collect(options)).map(({ key }) => key)

  async function first(list: AsyncIterable<ListedObject>): Promise<ListedObject | undefined> {
    for await (const one of list) return one
    return undefined
  }
}
