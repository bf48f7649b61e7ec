import { decodeEvent, readEvent } from '../../src/events/decode'
import { startAuthor, type TestAuthor } from '../support/author'
import { processingCompleted, withRepository } from './fixtures'

let author: TestAuthor
beforeAll(async () => {
  author = await startAuthor()
})
afterAll(() => author.close())

const handled = ['processed', 'published', 'unpublished', 'deleted'] as const
const reasonFor = (event: unknown) => readEvent(event, handled).ignored?.reason

test('a change of metadata is acknowledged with a reason', () => {
  const { aem } = author
  const asset = aem.addAsset({ path: '/content/dam/shop/changed.png' })
  for (const type of ['metadata_updated', 'metadata_update', 'metadata.updated', 'metadataUpdated']) {
    const event = aem.metadataUpdatedEvent(asset, { type: `aem.assets.asset.${type}` })
    expect(reasonFor(event)).toMatch(/^the metadata of the asset were changed/)
  }
})

test('a move is acknowledged with a reason, and both paths are read', () => {
  const { aem } = author
  const asset = aem.addAsset({ path: '/content/dam/shop/new.png' })
  for (const type of ['moved', 'move', 'renamed', 'relocation_completed']) {
    const event = aem.movedEvent(asset, '/content/dam/old.png', { type: `aem.assets.asset.${type}` })
    expect(reasonFor(event)).toMatch(/^the asset was moved/)
    expect(decodeEvent(event)).toMatchObject({
      path: '/content/dam/shop/new.png',
      previousPath: '/content/dam/old.png',
    })
  }
})

test.each<[string, object]>([
  [
    'beside the new value',
    { repositoryMetadata: { 'event:updated': { 'repo:path': '/content/dam/old.png' } } },
  ],
  ['in a member of its own', { previousPath: '/content/dam/old.png', path: '/content/dam/new.png' }],
  ['from and to', { from: '/content/dam/old.png', to: '/content/dam/new.png' }],
  [
    'in objects',
    { source: { path: '/content/dam/old.png' }, destination: { 'repo:path': '/content/dam/new.png' } },
  ],
])('the old path of a move is found %s', (_, data) => {
  const event = { type: 'aem.assets.asset.relocation_completed', source: 's', id: '1', data }
  expect(decodeEvent(event).previousPath).toBe('/content/dam/old.png')
  expect(decodeEvent(event).path).toBe('repositoryMetadata' in data ? undefined : '/content/dam/new.png')
  expect(reasonFor(event)).toMatch(/^the asset was moved/)
})

test('an event of a known type is never taken for a move', () => {
  const event = withRepository({}, {}, { previousPath: '/content/dam/old.png', path: '/content/dam/new.png' })
  expect(decodeEvent(event)).toEqual(decodeEvent(processingCompleted()))
})
