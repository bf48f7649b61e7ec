import type { AssetView } from '../../../sandbox/aem/author'
import type { JsonObject } from '../../../sandbox/json'
import { systemicError } from '../../../src/core/errors'
import { workOff } from '../../../src/flows/run/work-off'
import type { Exports } from '../../../src/plugin/destinations'
import { renderWorkedOff } from '../../../src/runtime/render'
import { startCall } from '../../support/call'
import { type ExportBench, startExportBench } from './export-bench'

let bench: ExportBench
let count = 0
beforeAll(async () => {
  bench = await startExportBench()
})
beforeEach(() => {
  bench.forget()
  bench.started.length = 0
  configure({})
  for (const one of Object.values(bench.destinations)) {
    one.held.clear()
    one.puts.length = 0
    one.removed.length = 0
    one.beforePublish = undefined
  }
})
afterAll(() => bench.close())

const base: Partial<Exports> = { sidecar: false, renditions: [], onUnpublish: 'keep', onDelete: 'keep' }
const configure = (more: Partial<Exports>): void => {
  const none = { onMove: 'keep', onExpire: 'keep', onNoLongerNamed: 'keep' } as const
  Object.assign(bench.parts.exports, base, none, more)
}
const life = () => bench.author.aem.life
const one = () => bench.destinations.one
const keyOf = (path: string): string => path.slice('/content/dam/'.length)

/** An asset that is published and stands at the destinations that it names. */
async function exported(path = `/content/dam/life/a-${++count}.png`, metadata: JsonObject = {}) {
  const asset = bench.addAsset(path, metadata)
  for (const event of life().publish(asset.id)) await bench.run(event)
  return asset
}
async function told(events: readonly unknown[], more: Parameters<ExportBench['context']>[0] = {}) {
  const answers = []
  for (const event of events) answers.push(await bench.run(JSON.parse(JSON.stringify(event)), more))
  return answers
}
const lost = (asset: AssetView): boolean => !one().held.has(keyOf(asset.path))

describe('an edit', () => {
  test('makes the sidecar anew, and uploads nothing else', async () => {
    configure({ sidecar: true })
    const asset = await exported()
    one().puts.length = 0
    await told(life().edit(asset.id, { 'dc:title': 'new' }))
    expect(one().puts).toEqual([`${keyOf(asset.path)}.json`])
    expect(
      one()
        .held.get(`${keyOf(asset.path)}.json`)
        ?.bytes.toString(),
    ).toContain('"dc:title": "new"')
  })

  test('that changes nothing which is exported uploads nothing, whoever made it', async () => {
    const asset = await exported()
    one().puts.length = 0
    await told(life().edit(asset.id, { 'dc:title': 'x' }))
    await told(life().edit(asset.id, { 'dc:title': 'y' }, 'client-1@techacct.adobe.com'))
    expect(one().puts).toEqual([])
  })

  test('stores the file at a destination that is newly named', async () => {
    const asset = await exported()
    await told(life().edit(asset.id, { exportDestination: 'one, two' }))
    expect(bench.destinations.two.puts).toEqual([keyOf(asset.path)])
  })

  test('keeps the file at a destination that is no longer named, as before', async () => {
    const asset = await exported()
    await told(life().edit(asset.id, { exportDestination: 'two' }))
    expect(lost(asset)).toBe(false)
    await told(life().edit(asset.id, { exportDestination: null }))
    expect(lost(asset)).toBe(false)
  })

  test('removes it there if the settings say so, but nothing that somebody else stored', async () => {
    configure({ onNoLongerNamed: 'remove' })
    const [asset, other] = [await exported(), bench.addAsset('/content/dam/life/others.png')]
    one().held.set(keyOf(other.path), { version: undefined, size: 3, bytes: Buffer.from('abc') })
    await told(life().edit(asset.id, { exportDestination: 'two' }))
    expect(lost(asset)).toBe(true)
    expect(bench.destinations.two.held.has(keyOf(asset.path))).toBe(true)
    life().publish(other.id)
    await told(life().edit(other.id, { exportDestination: null }))
    expect(lost(other)).toBe(false)
  })

  test('of a draft, or of an asset that was withdrawn or is gone, copies nothing', async () => {
    const draft = bench.addAsset(`/content/dam/life/draft-${++count}.png`)
    await told(life().edit(draft.id, { 'dc:title': 'x' }))
    const withdrawn = bench.addAsset(`/content/dam/life/withdrawn-${count}.png`)
    life().publish(withdrawn.id)
    life().unpublish(withdrawn.id)
    await told(life().edit(withdrawn.id, { 'dc:title': 'x' }))
    const gone = bench.addAsset(`/content/dam/life/gone-${count}.png`)
    const edits = life().edit(gone.id, { 'dc:title': 'x' })
    life().remove(gone.id)
    expect(await told(edits)).toMatchObject([{ outcome: 'skipped' }])
    expect(one().puts).toEqual([])
    expect(bench.letters().size).toBe(0)
  })

  test('of an asset in the trash copies nothing; once restored it is copied again', async () => {
    configure({ onDelete: 'remove' })
    const asset = await exported()
    life().discard(asset.id)
    await told(life().edit(asset.id, { 'dc:title': 'x' }))
    expect(lost(asset)).toBe(true)
    life().restore(asset.id)
    await told(life().edit(asset.id, { 'dc:title': 'y' }))
    expect(lost(asset)).toBe(false)
  })

  test('of an asset without immediate export waits for the batch', async () => {
    const asset = await exported(undefined, { exportImmediately: 'no' })
    const edit = life().edit(asset.id, { 'dc:title': 'x' })
    expect(await told(edit)).toMatchObject([{ outcome: 'deferred' }])
    expect(await told(edit, { trigger: 'batch' })).toMatchObject([{ outcome: 'done' }])
  })
})

describe('the off time', () => {
  test('keeps what is there, and copies nothing any more', async () => {
    const asset = await exported()
    await told(life().expire(asset.id, bench.author.clock.now() - 1_000))
    expect(lost(asset)).toBe(false)
    const late = bench.addAsset(`/content/dam/life/late-${++count}.png`)
    life().expire(late.id, bench.author.clock.now() - 1_000)
    await told(life().publish(late.id))
    expect(lost(late)).toBe(true)
  })

  test.each(['edit', 'publish'] as const)('removes it if the settings say so, told by an %s', async (how) => {
    configure({ onExpire: 'remove' })
    const asset = await exported()
    const edit = life().expire(asset.id, bench.author.clock.now() - 1_000)
    await told(how === 'edit' ? edit : life().publish(asset.id))
    expect(lost(asset)).toBe(true)
  })

  test('that is still to come changes nothing', async () => {
    configure({ onExpire: 'remove' })
    const asset = await exported()
    await told(life().expire(asset.id, bench.author.clock.now() + 60_000))
    expect(lost(asset)).toBe(false)
  })
})

describe('a move', () => {
  test('with onMove keep stores the file under its new key, and says that the old one stays', async () => {
    const asset = await exported()
    const to = `/content/dam/life/moved-${count}.png`
    const call = startCall()
    await told(life().move(asset.id, to), { call })
    expect([...one().held.keys()].sort()).toEqual([keyOf(asset.path), keyOf(to)].sort())
    expect(call.log.join('\n')).toContain('onMove keeps the files under its old path')
  })

  test('that is followed stores the new key first, and a reader never finds neither', async () => {
    configure({ onMove: 'follow', sidecar: true, renditions: ['web.png'] })
    const asset = bench.author.aem.addAsset({
      path: `/content/dam/life/r-${++count}.png`,
      assetMetadata: { exportDestination: 'one', exportImmediately: 'yes' },
      renditions: { 'web.png': { size: 900, seed: 'web' } },
    })
    await told(life().publish(asset.id))
    const to = `/content/dam/life/renamed-${count}.png`
    const seen: number[] = []
    const { remove } = one()
    const both = [keyOf(asset.path), keyOf(to)]
    one().beforePublish = () => {
      seen.push(both.filter((key) => one().held.has(key)).length)
    }
    one().remove = async (key, call) => {
      seen.push(both.filter((name) => one().held.has(name)).length)
      await remove?.(key, call)
    }
    const answers = await told(life().move(asset.id, to)).finally(() => {
      one().remove = remove
    })
    expect(answers).toMatchObject([{ outcome: 'done' }])
    expect(Math.min(...seen)).toBeGreaterThan(0)
    expect([...one().held.keys()].sort()).toEqual(
      [keyOf(to), `${keyOf(to)}.json`, `${keyOf(to)}.web.png`].sort(),
    )
    expect(
      one()
        .held.get(`${keyOf(to)}.json`)
        ?.bytes.toString(),
    ).toContain(to)
  })

  test('is followed at the destinations that are named so, and kept at the others', async () => {
    configure({ onMove: { two: 'follow' } })
    const asset = await exported(undefined, { exportDestination: 'one, two' })
    await told(life().move(asset.id, `/content/dam/life/part-${count}.png`))
    expect(one().removed).toEqual([])
    expect(bench.destinations.two.removed).toEqual([keyOf(asset.path)])
  })

  test('leaves the old key alone where another published asset stands at the old path', async () => {
    configure({ onMove: 'follow' })
    const asset = await exported()
    const move = life().move(asset.id, `/content/dam/life/away-${count}.png`)
    const heir = await exported(asset.path)
    await told(move)
    expect(one().held.get(keyOf(heir.path))?.version).toBe(heir.repositoryMetadata['dam:sha1'])
  })

  test('whose old file cannot be removed is parked with both paths, and ends later', async () => {
    configure({ onMove: 'follow' })
    const asset = await exported()
    const { remove } = one()
    one().remove = async () => {
      throw systemicError('ONE_REFUSED', 'no right to delete')
    }
    const [event] = life().move(asset.id, `/content/dam/life/late-move-${count}.png`)
    const [answer] = await told([event]).finally(() => {
      one().remove = remove
    })
    expect(answer).toMatchObject({ outcome: 'retry' })
    await told([event])
    expect(lost(asset)).toBe(true)
  })

  test('of a large file goes on in a worker, which knows the old path', async () => {
    configure({ onMove: 'follow' })
    const asset = await exported()
    const to = `/content/dam/life/large-${count}.png`
    const [event] = life().move(asset.id, to)
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = 300 * 1024 * 1024
    })
    expect(await told([event])).toMatchObject([{ outcome: 'handed-over' }])
    bench.author.aem.edit(asset.id, ({ repositoryMetadata }) => {
      repositoryMetadata['repo:size'] = 40_000
    })
    const [id = ''] = bench.pending().keys()
    const [worked] = await workOff([id], bench.workParts, bench.context({ trigger: 'batch' }))
    expect(worked && renderWorkedOff(worked)).toMatchObject({ outcome: 'done' })
    expect([...one().held.keys()]).toEqual([keyOf(to)])
  })

  test('back and forth, told late and out of order, ends where the asset is', async () => {
    configure({ onMove: 'follow' })
    const asset = await exported()
    const other = `/content/dam/life/other-${count}.png`
    const away = life().move(asset.id, other)
    const back = life().move(asset.id, asset.path)
    await told([...back, ...away])
    expect([...one().held.keys()]).toEqual([keyOf(asset.path)])
  })

  test('at a destination that cannot remove says why the old file stays', async () => {
    configure({ onMove: 'follow' })
    const asset = await exported()
    const { remove } = one()
    delete one().remove
    const call = startCall()
    await told(life().move(asset.id, `/content/dam/life/no-remove-${count}.png`), { call }).finally(() => {
      one().remove = remove
    })
    expect(lost(asset)).toBe(false)
    expect(call.log.join('\n')).toContain('cannot remove')
  })
})

describe('a folder', () => {
  const add = (folder: string, n: number) =>
    Promise.all(Array.from({ length: n }, (_, index) => exported(`${folder}/${index}.png`)))

  test('that is published exports each asset below it', async () => {
    const folder = `/content/dam/folder-${++count}`
    for (const index of [1, 2, 3]) bench.addAsset(`${folder}/sub/${index}.png`)
    expect(await told(life().publishFolder(folder))).toMatchObject([
      { outcome: 'done', assets: 3, changed: 3 },
    ])
    expect(one().held.size).toBe(3)
  })

  test('that is moved takes each file with it', async () => {
    configure({ onMove: 'follow' })
    const folder = `/content/dam/folder-${++count}`
    await add(folder, 3)
    expect(await told(life().moveFolder(folder, `${folder}-new`))).toMatchObject([{ assets: 3, changed: 3 }])
    expect([...one().held.keys()].every((key) => key.startsWith(`${keyOf(folder)}-new/`))).toBe(true)
    expect(one().held.size).toBe(3)
  })

  test('that is unpublished has its files removed, if the settings say so', async () => {
    configure({ onUnpublish: 'remove' })
    const folder = `/content/dam/folder-${++count}`
    await add(folder, 2)
    await told(life().unpublishFolder(folder))
    expect(one().held.size).toBe(0)
  })

  test('that is deleted is told: AEM lists nothing of it any more', async () => {
    const folder = `/content/dam/folder-${++count}`
    await add(folder, 1)
    const call = startCall()
    expect(await told(life().removeFolder(folder), { call })).toMatchObject([{ outcome: 'skipped' }])
    expect(call.log.join('\n')).toContain('a folder was deleted')
  })

  test('in which one asset fails has the others done, and that one on record', async () => {
    const folder = `/content/dam/folder-${++count}`
    for (const index of [1, 2, 3]) bench.addAsset(`${folder}/${index}.png`)
    one().beforePublish = (key) => {
      if (key.endsWith('2.png')) throw systemicError('ONE_REFUSED', 'not this one')
    }
    expect(await told(life().publishFolder(folder))).toMatchObject([{ assets: 3, failed: 1 }])
    expect([...bench.pending().values()].map(({ event }) => JSON.stringify(event))).toEqual([
      expect.stringContaining(`${folder}/2.png`),
    ])
  })

  test('for which the time is too short goes on from a record, and no asset is lost or done twice', async () => {
    const folder = `/content/dam/folder-${++count}`
    const { clock } = bench.author
    for (let index = 0; index < 250; index++) {
      bench.addAsset(`${folder}/${index}.png`)
      clock.advance(1_000)
    }
    one().beforePublish = () => clock.advance(300)
    const [event] = life().publishFolder(folder)
    const [answer] = await told([event], { call: startCall({ deadline: clock.now() + 60_000 }) })
    expect(answer).toMatchObject({ outcome: 'handed-over' })
    expect(bench.started).toEqual([{ action: 'export-worker', params: { pending: [answer?.pending] } }])
    for (let slice = 0; bench.pending().size > 0; slice++) {
      if (slice > 20) throw new Error('the folder never ends')
      const call = startCall({ deadline: clock.now() + 60_000 })
      await workOff([...bench.pending().keys()], bench.workParts, bench.context({ trigger: 'batch', call }))
    }
    expect(one().held.size).toBe(250)
    expect(new Set(one().puts).size).toBe(one().puts.length)
  })
})
