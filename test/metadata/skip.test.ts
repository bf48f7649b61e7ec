import type { JsonValue } from '../../src/core/json'
import { classSkipReason, skipReason } from '../../src/metadata/skip'
import { assetWith } from './fixtures'

const reasonFor = (repository: Readonly<Record<string, JsonValue>>) => skipReason(assetWith({ repository }))

describe('an asset is left alone, for a reason that a person understands', () => {
  test.each<[Readonly<Record<string, JsonValue>>, string]>([
    [{ 'repo:assetClass': 'directory' }, 'not a file but a directory'],
    [{ 'repo:assetClass': 'contentFragment' }, 'not a file but a contentFragment'],
    [{ 'repo:state': 'DISCARDED' }, 'the asset is discarded'],
    [{ 'repo:state': 'DISCARDED_PARENT' }, 'the asset is discarded'],
    [{ 'aem:checkedOutBy': 'jane' }, 'the asset is checked out by jane'],
    [{ 'aem:assetState': 'processing' }, 'the asset is still processing (processing)'],
    [{ 'aem:assetState': 'unProcessed' }, 'the asset is still processing (unProcessed)'],
    [{ 'dam:avScanStatus': 'Infected' }, 'the virus scan found the asset infected'],
  ])('%j: %s', (repository, reason) => {
    expect(reasonFor(repository)).toBe(reason)
  })
})

describe('an asset may be written', () => {
  test.each<[string, Readonly<Record<string, JsonValue>>]>([
    ['when AEM tells nothing', {}],
    [
      'when it is an active, processed file',
      { 'repo:assetClass': 'file', 'repo:state': 'ACTIVE', 'aem:assetState': 'processed' },
    ],
    ['in either spelling of the state', { 'aem:assetState': 'Processed' }],
    ['when fields are there but blank', { 'aem:checkedOutBy': '', 'aem:assetState': ' ', 'repo:state': '' }],
    ['when the scan was clean', { 'dam:avScanStatus': 'clean' }],
  ])('%s', (_name, repository) => {
    expect(reasonFor(repository)).toBeUndefined()
  })

  test('when an event tells no class', () => {
    expect([undefined, 'file'].map(classSkipReason)).toEqual([undefined, undefined])
  })
})
