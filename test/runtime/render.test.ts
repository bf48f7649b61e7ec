import type { Outcome } from '../../src/flows/outcome'
import { renderOutcome, renderRun, renderWorkedOff } from '../../src/runtime/render'

const asset = {
  name: 'lamp.png',
  path: '/content/dam/shop/lamp.png',
  id: 'urn:aaid:aem:00000000-0000-0000-0000-000000000001',
  origin: 'https://author-p1-e2.adobeaemcloud.com',
}
const [lamp, shade] = [{ name: 'Lamp' }, { name: 'Shade' }]
const about = {
  assetName: 'lamp.png',
  assetPath: '/content/dam/shop/lamp.png',
  assetId: asset.id,
  aemHost: asset.origin,
}
const failure = { failureClass: 'permanent', code: 'ASSET_NOT_FOUND', message: 'it is gone' } as const
const busy = { failureClass: 'transient', code: 'S3_BUSY', message: 'slow down' } as const
const why = { reason: 'slow down', code: 'S3_BUSY' }
const file = { key: 'shop/lamp.png', outcome: 'stored', bytes: 40 } as const
const moved = { destination: 's3', kind: 'done', files: [file] } as const
const unmoved = {
  destination: 'sftp',
  kind: 'done',
  files: [{ ...file, outcome: 'unchanged', bytes: 0 }],
} as const

describe('the answer to an event', () => {
  test.each<[string, Outcome, unknown]>([
    [
      'whose asset was updated names the properties and the attributes of the product',
      { kind: 'updated', asset, products: [lamp], properties: ['wknd-name', 'wknd-skuid'] },
      {
        message: 'metadata updated: wknd-name, wknd-skuid',
        outcome: 'updated',
        assetdata: { ...about, pimdata: lamp },
      },
    ],
    [
      'whose asset shows several products has the attributes of each',
      { kind: 'unchanged', asset, products: [lamp, shade] },
      {
        message: 'metadata is up to date',
        outcome: 'unchanged',
        assetdata: { ...about, pimdata: [lamp, shade] },
      },
    ],
    [
      'whose asset was skipped says why, and has no attributes',
      { kind: 'skipped', reason: 'the asset is discarded', asset, products: [] },
      {
        message: 'skipped: the asset is discarded',
        outcome: 'skipped',
        reason: 'the asset is discarded',
        assetdata: { ...about, pimdata: null },
      },
    ],
    [
      'that was skipped before AEM was asked tells of no asset',
      { kind: 'skipped', reason: 'the asset is a folder' },
      { message: 'skipped: the asset is a folder', outcome: 'skipped', reason: 'the asset is a folder' },
    ],
    [
      'that the next run does says so; the PIM is no matter there',
      { kind: 'deferred', reason: 'not at once', asset },
      { message: 'deferred: not at once', outcome: 'deferred', reason: 'not at once', assetdata: about },
    ],
    [
      'of an unknown type names it',
      { kind: 'ignored', reason: 'unknown event type', eventType: 'aem.x' },
      {
        message: 'skipped: nothing to do for aem.x',
        outcome: 'ignored',
        reason: 'unknown event type',
      },
    ],
    [
      'that is exported tells of each destination',
      { kind: 'exported', asset, destinations: [moved, unmoved] },
      {
        message: 's3: done; sftp: unchanged',
        outcome: 'mixed',
        assetdata: about,
        destinations: [
          { destination: 's3', outcome: 'done', files: [file] },
          { destination: 'sftp', outcome: 'unchanged', files: unmoved.files },
        ],
        bytes: 40,
      },
    ],
    [
      'of which parts failed says why, and where the letter is',
      {
        kind: 'exported',
        asset,
        destinations: [
          { destination: 's3', kind: 'retry', failure: busy },
          { destination: 'ftp', kind: 'dead-letter', failure, deadLetter: 'a1' },
          { destination: 'sftp', kind: 'handed-over', reason: 'it is large', worker: 'w1' },
        ],
      },
      {
        message: 's3: retry (slow down); ftp: dead-letter (it is gone); sftp: handed-over (it is large)',
        outcome: 'mixed',
        assetdata: about,
        destinations: [
          { destination: 's3', ...why, outcome: 'retry' },
          {
            destination: 'ftp',
            reason: 'it is gone',
            code: 'ASSET_NOT_FOUND',
            outcome: 'dead-letter',
            deadLetter: 'a1',
          },
          { destination: 'sftp', outcome: 'handed-over', reason: 'it is large', worker: 'w1' },
        ],
        bytes: 0,
      },
    ],
    [
      'of which an operator dropped a part says so',
      {
        kind: 'exported',
        destinations: [{ destination: 'ftp', kind: 'skipped', reason: 'its dead letter was dropped' }],
      },
      {
        message: 'ftp: skipped (its dead letter was dropped)',
        outcome: 'skipped',
        destinations: [{ destination: 'ftp', outcome: 'skipped', reason: 'its dead letter was dropped' }],
        bytes: 0,
      },
    ],
    [
      'that goes nowhere says so',
      { kind: 'exported', destinations: [] },
      { message: 'no destination is set up', outcome: 'done', destinations: [], bytes: 0 },
    ],
    [
      'that failed for now',
      { kind: 'retry', failure: busy },
      { message: 'slow down', outcome: 'retry', ...why },
    ],
    [
      'that failed for good names its letter',
      { kind: 'dead-letter', failure, deadLetter: 'a1' },
      {
        message: 'kept as a dead letter: it is gone',
        outcome: 'dead-letter',
        reason: 'it is gone',
        code: 'ASSET_NOT_FOUND',
        deadLetter: 'a1',
      },
    ],
    [
      'about products that are gone has numbers',
      { kind: 'synced', assets: 3, changed: 2, known: 1 },
      {
        message: 'the assets of deleted products are in step',
        outcome: 'updated',
        assets: 3,
        changed: 2,
        known: 1,
      },
    ],
    [
      'of the PIM that was handed over names the activation',
      { kind: 'handed-over', activation: 'w1' },
      { message: 'handed over', outcome: 'handed-over', activation: 'w1' },
    ],
    [
      'of the PIM that leads to nothing says why',
      { kind: 'ignored', reason: 'our own change' },
      { message: 'nothing to do: our own change', outcome: 'ignored', reason: 'our own change' },
    ],
    [
      'of the PIM that is an alert passes it on',
      { kind: 'alert', message: 'suspended' },
      { message: 'suspended', outcome: 'alert' },
    ],
  ])('%s', (_, outcome, answer) => {
    expect(renderOutcome(outcome)).toEqual(answer)
  })
})

describe('the answer of a worker', () => {
  const id = 'a'.repeat(32)

  test.each<[Outcome | undefined, unknown]>([
    [undefined, { message: 'no such work: it is done', outcome: 'done', pending: id }],
    [
      { kind: 'exported', asset, destinations: [unmoved] },
      { message: 'sftp: unchanged', outcome: 'done', bytes: 0, pending: id },
    ],
    [
      {
        kind: 'exported',
        asset,
        destinations: [moved, { destination: 'ftp', kind: 'retry', failure: busy }],
      },
      { message: 's3: done; ftp: retry (slow down)', outcome: 'retry', bytes: 40, pending: id },
    ],
    [
      { kind: 'dead-letter', failure, deadLetter: id },
      { message: 'it is gone', outcome: 'dead-letter', bytes: 0, pending: id },
    ],
    [
      { kind: 'unchanged', asset, products: [lamp] },
      { message: 'metadata is up to date', outcome: 'done', bytes: 0, pending: id },
    ],
  ])('%j', (outcome, answer) => {
    expect(renderWorkedOff({ id, outcome })).toEqual(answer)
  })
})

test('a run is told with its numbers beside each other, and with the code of what failed', () => {
  const run = { outcome: 'done', message: 'all of it', counts: { done: 3 }, details: { lag: 0 } } as const
  expect(renderRun(run)).toEqual({ outcome: 'done', message: 'all of it', done: 3, lag: 0 })
})
