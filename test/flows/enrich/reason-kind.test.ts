import { reasonKind } from '../../../src/flows/enrich/reason-kind'
import { leaveReason } from '../../../src/metadata/left-alone'
import { skipReason } from '../../../src/metadata/skip'

const assetWith = (repository: Record<string, string>) => ({
  origin: 'https://author.example.com',
  id: 'urn:aaid:aem:1',
  path: '/content/dam/lamp.png',
  name: 'lamp.png',
  metadata: {},
  repository,
  etag: '"1"',
})

it.each([
  [{ 'repo:assetClass': 'folder' }, 'not-a-file'],
  [{ 'repo:state': 'DISCARDED' }, 'discarded'],
  [{ 'dam:avScanStatus': 'infected' }, 'infected'],
  [{ 'aem:checkedOutBy': 'ada@example.com' }, 'checked-out'],
  [{ 'aem:assetState': 'processing' }, 'processing'],
])('the reason of an asset with %j is of the kind %s', (repository, kind) => {
  expect(reasonKind(skipReason(assetWith(repository)) ?? '')).toBe(kind)
})

it('another reason is of no kind that names anything', () => {
  expect(reasonKind('the asset lamp.png is odd')).toBe('other')
})

it.each([
  [{ syncProperty: 'sync', skip: () => true }, { sync: 'off' }, 'switched-off'],
  [{ syncProperty: 'sync', skip: () => true }, {}, 'left-out-by-rule'],
  [{ syncProperty: 'sync', skip: [{ path: '/content/dam' }] }, {}, 'left-out-by-rule'],
])('the reason of an asset that is left alone by %j is of its kind', (rules, metadata, kind) => {
  expect(reasonKind(leaveReason({ ...assetWith({}), metadata }, rules) ?? '')).toBe(kind)
})
