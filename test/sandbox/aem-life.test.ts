import type { JsonObject } from '../../sandbox/json'
import { startAuthor, type TestAuthor } from '../support/author'
import { startCall } from '../support/call'

let author: TestAuthor
let count = 0
beforeAll(async () => {
  author = await startAuthor()
})
beforeEach(() => {
  Object.assign(author.aem.life, { form: 'aem', isLost: () => false, writesBack: false })
  author.aem.life.outbox.length = 0
})
afterAll(() => author.close())

const add = (metadata: JsonObject = {}) =>
  author.aem.addAsset({ path: `/content/dam/life/a-${++count}.png`, assetMetadata: metadata })
const typesOf = (events: readonly JsonObject[]) =>
  events.map(({ type, data }) => (Object(data)['@type'] === undefined ? type : Object(data)['@type']))

test('a move touches neither date, and moves the ETag', () => {
  const asset = add()
  author.aem.life.publish(asset.id)
  const before = author.aem.asset(asset.id)
  author.clock.advance(60_000)
  const [event] = author.aem.life.move(asset.id, `/content/dam/moved/b-${count}.png`)
  const after = author.aem.asset(asset.id)
  expect(after.path).toBe(`/content/dam/moved/b-${count}.png`)
  for (const date of ['repo:modifyDate', 'aem:published'])
    expect(after.repositoryMetadata[date]).toBe(before.repositoryMetadata[date])
  expect(after.etag).not.toBe(before.etag)
  expect(event).toMatchObject({
    type: 'aem.assets.asset.moved',
    data: { repositoryMetadata: { 'repo:path': after.path, 'event:updated': { 'repo:path': asset.path } } },
  })
})

test('an edit tells new and old values, and who it was; a removal has no mark', () => {
  const asset = add({ 'dc:title': 'old', gone: 'x' })
  const [event] = author.aem.life.edit(
    asset.id,
    { 'dc:title': 'new', more: 1, gone: null },
    'bob@example.com',
  )
  expect(author.aem.asset(asset.id).assetMetadata).toEqual({ 'dc:title': 'new', more: 1 })
  expect(event).toMatchObject({
    type: 'aem.assets.asset.metadata_updated',
    data: {
      assetMetadata: {
        'dc:title': 'new',
        more: 1,
        'event:created': ['more'],
        'event:updated': { 'dc:title': 'old' },
      },
      user: { principalId: 'bob@example.com' },
    },
  })
  expect(JSON.stringify(event)).not.toContain('"gone"')
  expect(author.aem.life.edit(asset.id, { more: 1 })).toEqual([])
})

test('a write of the API is told with its technical account, and written back if AEM does that', async () => {
  const asset = add({ sku: '1' })
  const read = await author.client().readAsset({ origin: author.aem.url, id: asset.id }, startCall())
  author.aem.life.writesBack = true
  await author.client().patchMetadata(read, [{ op: 'replace', property: 'sku', value: '2' }], startCall())
  const now = author.aem.asset(asset.id)
  expect(now.repositoryMetadata['dam:sha1']).not.toBe(asset.repositoryMetadata['dam:sha1'])
  expect(typesOf(author.aem.life.outbox)).toEqual([
    'aem.assets.asset.metadata_updated',
    'aem.assets.asset.processing_completed',
  ])
  expect(author.aem.life.outbox[0]).toMatchObject({
    data: { user: { principalId: 'client-1@techacct.adobe.com' } },
  })
})

test('a folder is told once, and its assets are moved, published, withdrawn and removed', () => {
  const { life } = author.aem
  const assets = [1, 2].map((n) => author.aem.addAsset({ path: `/content/dam/old-${count}/${n}.png` }))
  const [a] = assets
  const from = `/content/dam/old-${count}`
  const to = `/content/dam/new-${count}`
  const events = [
    ...life.moveFolder(from, to),
    ...life.publishFolder(to),
    ...life.unpublishFolder(to),
    ...life.removeFolder(to),
  ]
  expect(typesOf(events)).toEqual(
    ['moved', 'published', 'unpublished', 'deleted'].map((what) => `aem.assets.asset.${what}`),
  )
  for (const event of events)
    expect(event).toMatchObject({
      data: { repositoryMetadata: { 'repo:assetClass': 'directory', 'repo:path': to } },
    })
  expect(events[0]).toMatchObject({
    data: { repositoryMetadata: { 'event:updated': { 'repo:path': from } } },
  })
  expect(() => author.aem.asset(a?.id ?? '')).toThrow('no asset')
})

test('the event proxy tells of each asset, and of a move as a deletion and a creation', () => {
  const { life } = author.aem
  life.form = 'xdm'
  const asset = author.aem.addAsset({ path: `/content/dam/proxy-${++count}/a.png` })
  const folder = `/content/dam/proxy-${count}`
  const told = [
    ...life.edit(asset.id, { title: 'x' }),
    ...life.publishFolder(folder),
    ...life.moveFolder(folder, `${folder}-moved`),
    ...life.remove(asset.id),
  ]
  expect(typesOf(told)).toEqual(['xdmUpdated', 'xdmPublished', 'xdmDeleted', 'xdmCreated', 'xdmDeleted'])
})

test('the off time, the trash and the way back out of it are told by nothing but the edit; events get lost', () => {
  const { life } = author.aem
  const asset = add()
  expect(typesOf(life.expire(asset.id, author.clock.now() - 1))).toEqual([
    'aem.assets.asset.metadata_updated',
  ])
  life.discard(asset.id)
  expect(author.aem.asset(asset.id).repositoryMetadata['repo:state']).toBe('DISCARDED')
  life.restore(asset.id)
  life.isLost = () => true
  expect(life.replace(asset.id, { size: 10, seed: 'b' })).toEqual([])
  expect(life.outbox).toHaveLength(1)
})
