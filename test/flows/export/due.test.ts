import type { Asset } from '../../../src/core/asset'
import type { JsonValue } from '../../../src/core/json'
import { dueAt, type Trust } from '../../../src/flows/export/due'
import { assetWith } from '../../metadata/fixtures'

const now = Date.parse('2030-06-01T00:00:00Z')
type Properties = Readonly<Record<string, JsonValue>>
const published = { isPublishedToAemPublish: true, 'aem:published': '2030-05-01T00:00:00Z' }

const assetOf = (repository: Properties, metadata: Properties = {}): Asset =>
  assetWith({
    repository: { ...published, ...repository },
    metadata: { exportDestination: ['folder', 's3'], ...metadata },
  })
const kindOf = (repository: Properties, metadata: Properties = {}, trust: Trust = 'state') => {
  const due = dueAt(assetOf(repository, metadata), undefined, now, trust)
  return due.isDue ? 'due' : due.kind
}

describe('a file is due at a destination', () => {
  test.each<[string, string | readonly string[] | undefined, readonly string[]]>([
    ['each that it names', undefined, ['folder', 's3']],
    ['the one that is asked for', 's3', ['s3']],
    ['those that are asked for', ['azure', 'folder'], ['folder']],
  ])('%s', (_name, asked, names) => {
    expect(dueAt(assetOf({}), asked, now, 'state')).toEqual({ isDue: true, names })
  })

  test.each<[string, Properties, Properties]>([
    ['when only the date of the publication is told', { isPublishedToAemPublish: null }, {}],
    ['when only the flag is told', { 'aem:published': null }, {}],
    ['when the flag is text', { isPublishedToAemPublish: 'true' }, {}],
    ['before its off time', { offTime: '2030-06-01T00:00:01Z' }, {}],
    [
      'when its metadata were changed after the publication',
      { 'repo:modifyDate': '2030-05-02T00:00:00Z' },
      {},
    ],
    ['when its binary is older than the publication', {}, { 'dam:extracted': '2030-04-30T00:00:00Z' }],
    [
      'when nothing was changed after the publication',
      { 'repo:modifyDate': '2030-04-30T00:00:00Z' },
      { 'dam:extracted': '2030-05-02T00:00:00Z' },
    ],
  ])('%s', (_name, repository, metadata) => {
    expect(kindOf(repository, metadata)).toBe('due')
  })
})

describe('a file is not due', () => {
  test.each<[string, Properties, Properties]>([
    ['not-a-file', { 'repo:assetClass': 'directory' }, {}],
    ['discarded', { 'repo:state': 'DISCARDED_PARENT' }, {}],
    ['infected', { 'dam:avScanStatus': 'infected' }, {}],
    ['not-named', {}, { exportDestination: [] }],
    ['names-invalid', {}, { exportDestination: [1] }],
    ['not-published', { isPublishedToAemPublish: false }, {}],
    ['not-published', { isPublishedToAemPublish: 'false' }, {}],
    ['not-published', { isPublishedToAemPublish: null, 'aem:published': null }, {}],
    ['expired', { offTime: '2030-06-01T00:00:00Z' }, {}],
    ['expired', { 'jcr:content/offTime': '2030-05-31T00:00:00.000-08' }, {}],
    ['expired', {}, { offTime: 'Wed May 01 2030 03:04:05 GMT+0000' }],
    ['expired', {}, { 'prism:expirationDate': '2030-05-31T00:00:00Z' }],
    ['expired', { offTime: '2031-01-01T00:00:00Z' }, { 'prism:expirationDate': '2030-05-31T00:00:00Z' }],
    ['newer-binary', {}, { 'dam:extracted': 'Wed May 02 2030 03:04:05 GMT+0000' }],
    [
      'newer-binary',
      { 'repo:modifyDate': '2030-05-02T03:04:06Z' },
      { 'dam:extracted': '2030-05-02T03:04:05Z' },
    ],
  ])('%s: %j %j', (kind, repository, metadata) => {
    expect(kindOf(repository, metadata)).toBe(kind)
  })

  test('at a destination that it does not name', () => {
    expect(dueAt(assetOf({}), 'azure', now, 'state')).toEqual({
      isDue: false,
      kind: 'not-named',
      reason: 'exportDestination does not name it',
    })
  })
})

describe('an event that tells of the publication', () => {
  test.each<[string, Properties, Properties]>([
    ['before AEM says so itself', { isPublishedToAemPublish: false, 'aem:published': null }, {}],
    ['where AEM says nothing', { isPublishedToAemPublish: null, 'aem:published': null }, {}],
    [
      'of a binary whose date of publication AEM has not yet',
      {},
      { 'dam:extracted': '2030-05-02T00:00:00Z' },
    ],
  ])('is believed %s', (_name, repository, metadata) => {
    expect(kindOf(repository, metadata, 'published-event')).toBe('due')
  })

  test.each<[string, Properties, Properties]>([
    ['discarded', { 'repo:state': 'DISCARDED' }, {}],
    ['expired', { offTime: '2030-05-31T00:00:00Z' }, {}],
    ['not-named', {}, { exportDestination: '' }],
  ])('is of no use when the asset is %s', (kind, repository, metadata) => {
    expect(kindOf(repository, metadata, 'published-event')).toBe(kind)
  })
})
