import { transientError } from '../../../src/core/errors'
import { createMemoryGate } from '../../../src/http/memory-gate'
import type { MappingContext } from '../../../src/metadata/mapping'
import { everyAttribute } from '../../../src/metadata/mapping'
import { fromFileName, fromProperty, type Matcher } from '../../../src/metadata/matching'
import { rejection, startCall } from '../../support/call'
import { type Enricher, linkProperty, startEnricher } from './enricher'

let enricher: Enricher
beforeEach(async () => {
  enricher = await startEnricher()
})
afterEach(() => enricher.close())

const keywords = 'x'.repeat(1_000)
const lamp = () =>
  enricher.upload({
    path: '/content/dam/shop/lamp.png',
    assetMetadata: { 'dc:subject': keywords, 'wknd-color': 'blue', [linkProperty]: 'lamp' },
  })

/** A rule of the user that notes what it sees. */
const spy = (seen: string[][], reads?: readonly string[]): Matcher => ({
  name: 'spy',
  ...(reads === undefined ? {} : { reads }),
  refs: ({ metadata }) => {
    seen.push(Object.keys(metadata).sort())
    return []
  },
})

describe('properties that no rule reads', () => {
  const all = ['dc:subject', linkProperty, 'wknd-color'].sort()

  test('are not held', async () => {
    const seen: string[][] = []
    const matching = [spy(seen, []), fromProperty(linkProperty)]
    await enricher.run(lamp(), {
      enrichment: { linkProperty, matching, mapping: [everyAttribute('wknd-')] },
    })
    expect(seen).toEqual([[linkProperty, 'wknd-color'].sort()])
  })

  test.each([
    ['a rule for matching that does not say what it reads', undefined, [everyAttribute('wknd-')]],
    [
      'a rule that computes from the asset',
      [],
      [{ property: 'dc:title', compute: ({ asset }: MappingContext) => asset.name }],
    ],
    [
      'a rule for every attribute with a function of its own',
      [],
      [{ everyAttribute: (name: string) => name }],
    ],
  ])('are all there for %s', async (_, reads, mapping) => {
    const seen: string[][] = []
    const matching = [spy(seen, reads), fromFileName()]
    await enricher.run(lamp(), { enrichment: { linkProperty, matching, mapping } })
    expect(seen).toEqual([all])
  })

  test('stay in AEM as they are', async () => {
    const asset = lamp()
    await enricher.run(asset)
    expect(enricher.metadata(asset)).toMatchObject({ 'dc:subject': keywords })
  })
})

describe('assets that wait for memory', () => {
  test('are read no sooner than there is some, and fail for now when their time is up', async () => {
    const memory = createMemoryGate(1_000_000)
    let free: () => void = () => undefined
    const holder = memory.run('elsewhere', startCall(), async (own) => {
      own.memory?.take(1_000_000)
      await new Promise<void>((resolve) => {
        free = resolve
      })
    })
    await new Promise(setImmediate)
    const [late, patient] = [startCall(), startCall()]
    const runs = [late, patient].map((call) => enricher.run(enricher.upload(), { memory }, call))
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    const timeIsUp = transientError('TIME_IS_UP', 'the time was up')
    late.abort(timeIsUp)
    expect(await rejection(runs[0] ?? Promise.resolve())).toBe(timeIsUp)
    expect(enricher.steps()).toEqual([])
    free()
    await holder
    await runs[1]
    expect(enricher.steps()).toContain('GET')
  })
})
