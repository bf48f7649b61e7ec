import * as v from 'valibot'
import { type Outcome, reachedBy, undoneOf, verdictOf } from '../../src/flows/outcome'
import { OutcomeSchema } from '../../src/flows/outcome-schema'

const asset = { name: 'lamp.png', path: '/content/dam/lamp.png', id: 'urn:a', origin: 'https://author' }
const failure = { failureClass: 'transient', code: 'S3_BUSY', message: 'slow down', upstream: 'S3' } as const
const file = { key: 'lamp.png', outcome: 'stored', bytes: 40 } as const
const done = { destination: 's3', kind: 'done', files: [file] } as const
const retry = { destination: 'ftp', kind: 'retry', failure } as const
const letter = { destination: 'sftp', kind: 'dead-letter', failure, deadLetter: 'a1' } as const
const handedOver = { destination: 'azure', kind: 'handed-over', reason: 'large', worker: 'w1' } as const
const dropped = { destination: 'ftp', kind: 'skipped', reason: 'its dead letter was dropped' } as const

/** One of each kind; a kind that is missing here does not compile. */
const one: Record<Outcome['kind'], Outcome> = {
  updated: { kind: 'updated', asset, properties: ['wknd-name'], leftOut: [{ property: 'p', reason: 'x' }] },
  unchanged: { kind: 'unchanged', asset },
  folder: { kind: 'folder', path: '/content/dam/a', assets: 3, changed: 1, failed: 0, rest: 'r' },
  synced: { kind: 'synced', assets: 3, changed: 2, known: 1 },
  exported: { kind: 'exported', asset, destinations: [done, retry, letter, handedOver, dropped] },
  'handed-over': { kind: 'handed-over', activation: 'w1' },
  skipped: { kind: 'skipped', reason: 'discarded', asset },
  deferred: { kind: 'deferred', reason: 'not at once' },
  ignored: { kind: 'ignored', reason: 'unknown event type', eventType: 'x' },
  kept: { kind: 'kept', message: 'kept' },
  alert: { kind: 'alert', message: 'alert' },
  notice: { kind: 'notice', message: 'notice' },
  retry: { kind: 'retry', failure: { ...failure, notBefore: 1_000 } },
  'dead-letter': { kind: 'dead-letter', failure, deadLetter: 'a1' },
}

describe('an outcome that goes from one activation to another', () => {
  test.each(Object.values(one))('arrives as it was: %j', (outcome) => {
    expect(v.parse(OutcomeSchema, JSON.parse(JSON.stringify(outcome)))).toEqual(outcome)
  })

  test('leaves the attributes of the products behind', () => {
    const outcome = { ...one.unchanged, products: [{ name: 'Lamp' }] }
    expect(v.parse(OutcomeSchema, outcome)).toEqual(one.unchanged)
  })

  test.each([
    null,
    {},
    { kind: 'lost' },
    { message: 'unchanged', outcome: 'unchanged', assetdata: {} },
    { kind: 'exported', destinations: [{ destination: 's3', kind: 'gone' }] },
    { kind: 'retry', failure: { code: 'X' } },
  ])('is refused when it is none: %j', (value) => {
    expect(v.safeParse(OutcomeSchema, value).success).toBe(false)
  })
})

describe('what an outcome says', () => {
  const facts = (outcome: Outcome) => {
    const { aem, pim, destinations } = reachedBy(outcome)
    return [verdictOf(outcome), aem, pim, destinations]
  }

  test.each<[Outcome, ReturnType<typeof facts>]>([
    [one.updated, ['done', true, true, []]],
    [one.unchanged, ['done', true, true, []]],
    [one.synced, ['done', true, true, []]],
    [one.exported, ['again', true, false, ['s3']]],
    [{ kind: 'exported', destinations: [done, letter] }, ['dead-letter', true, false, ['s3']]],
    [{ kind: 'exported', destinations: [done, handedOver] }, ['done', true, false, ['s3']]],
    [{ kind: 'exported', destinations: [done, dropped] }, ['done', true, false, ['s3']]],
    [{ kind: 'exported', destinations: [dropped] }, ['skipped', true, false, []]],
    [{ kind: 'exported', destinations: [] }, ['done', true, false, []]],
    [one.skipped, ['skipped', true, false, []]],
    [{ kind: 'skipped', reason: 'a folder' }, ['skipped', false, false, []]],
    [one.deferred, ['skipped', false, false, []]],
    [one.ignored, ['skipped', false, false, []]],
    [one.retry, ['again', false, false, []]],
    [one['dead-letter'], ['dead-letter', false, false, []]],
  ])('%j', (outcome, said) => {
    expect(facts(outcome)).toEqual(said)
  })

  test('what has to be done again is the whole, or what failed at a destination', () => {
    expect(undoneOf(one.exported)).toEqual([{ destination: 'ftp', failure, isFile: true }])
    expect(undoneOf({ kind: 'retry', failure }, 's3')).toEqual([
      { destination: 's3', failure, isFile: false },
    ])
    expect(undoneOf(one['dead-letter'])).toEqual([])
  })
})
