import { reasonKind } from '../../../src/flows/enrich/reason-kind'
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
