import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EnrichParts } from '../../../src/flows/enrich/enrich-asset'
import { everyAttribute, type Owner } from '../../../src/metadata/mapping'
import { fromFileName } from '../../../src/metadata/matching'
import type { Product } from '../../../src/plugin/pim'
import { startCall } from '../../support/call'
import { type Enricher, linkProperty, startEnricher } from './enricher'

const nothing = 'nothing'
const notRecorded = 'not recorded'
const property = 'wknd-color'
const record = 'wknd-written'

type Case = {
  owner: Owner
  held: string
  written: string
  pim: string
  end: string
  recorded: string
}

/** The lines of the tables in docs/ownership.md, below a heading that names the owner. */
function casesInDocs(): readonly Case[] {
  const text = readFileSync(join(__dirname, '../../../docs/ownership.md'), 'utf8')
  return (['pim', 'aem', 'once', 'edited'] as const).flatMap((owner) => {
    const section = text.split(`### \`${owner}\``)[1]?.split('\n## ')[0]?.split('\n### ')[0] ?? ''
    const rows = section.split('\n').filter((line) => line.startsWith('| '))
    return rows.slice(1).map((line): Case => {
      const cells = line.split('|').map((cell) => cell.trim())
      const [held = '', written = '', pim = '', end = '', recorded = ''] =
        owner === 'edited' ? cells.slice(1) : [cells[1], notRecorded, cells[2], cells[3], notRecorded]
      return { owner, held, written, pim, end, recorded }
    })
  })
}

const cases = casesInDocs()

let enricher: Enricher
beforeAll(async () => {
  enricher = await startEnricher()
})
afterAll(() => enricher.close())

/** The parts of an asset whose product has this color. */
function partsFor(
  owner: Owner,
  pim: string,
  more: Partial<EnrichParts['enrichment']> = {},
): Partial<EnrichParts> {
  const attributes: Product['attributes'] = pim === nothing || pim === 'removes' ? {} : { color: pim }
  return {
    pim: {
      name: 'colors',
      getProducts: async ([ref]) => (ref === undefined ? [] : [{ identifier: ref.value, attributes }]),
      check: async () => [],
    },
    enrichment: {
      linkProperty,
      matching: [fromFileName()],
      mapping: [
        { attribute: 'color', property, owner, ...(pim === 'removes' ? { whenMissing: 'remove' } : {}) },
      ],
      ...more,
    },
  }
}

function hold(id: string, value: string): void {
  enricher.sandbox.aem.edit(id, ({ assetMetadata }) => {
    if (value === nothing) delete assetMetadata[property]
    else assetMetadata[property] = value
  })
}

const patches = (): number => enricher.sandbox.aem.requests.filter(({ method }) => method === 'PATCH').length

/** An asset to which this was written, by enrichment itself. */
async function assetWritten(written: string): Promise<string> {
  const { id } = enricher.upload()
  // The link is in step for each case.
  await enricher.run({ id }, partsFor('pim', nothing))
  if (written === notRecorded) return id
  await enricher.run({ id }, partsFor('edited', written === nothing ? 'red' : written))
  if (written === nothing) await enricher.run({ id }, partsFor('edited', 'removes'))
  return id
}

const textsOf = async (written: string): Promise<unknown> =>
  enricher.metadata({ id: await assetWritten(written) })[record]

test('the tables of the docs name each case', () => {
  const named = (owner: Owner) => cases.filter((one) => one.owner === owner)
  expect((['pim', 'aem', 'once', 'edited'] as const).map((owner) => named(owner).length)).toEqual([
    6, 4, 4, 17,
  ])
  for (const held of [nothing, 'the value of the PIM', 'another one'])
    for (const written of [notRecorded, 'what AEM holds', 'another one'])
      for (const pim of ['red', 'removes']) {
        const isNamed = named('edited').some((one) => {
          const ofPim = pim === 'red' ? 'red' : nothing
          const heldIs =
            one.held === nothing ? nothing : one.held === ofPim ? 'the value of the PIM' : 'another one'
          const writtenIs =
            one.written === notRecorded
              ? notRecorded
              : one.written === one.held
                ? 'what AEM holds'
                : 'another one'
          return one.pim === pim && heldIs === held && writtenIs === written
        })
        // Where the PIM removes, its value is nothing.
        if (pim === 'red' || held !== 'the value of the PIM')
          expect({ held, written, pim, isNamed }).toMatchObject({ isNamed: true })
      }
})

test.each(cases)(
  '$owner: AEM holds $held, written before $written, the PIM has $pim: then AEM holds $end',
  async ({ owner, held, written, pim, end, recorded }) => {
    const id = await assetWritten(written)
    hold(id, held)
    const parts = partsFor(owner, pim)
    const before = patches()

    const outcome = await enricher.run({ id }, parts)
    const now = enricher.metadata({ id })
    expect(now[property] ?? nothing).toBe(end)
    expect(now[record]).toEqual(recorded === notRecorded ? undefined : await textsOf(recorded))
    const isInStep = end === held && recorded === written
    expect(outcome.kind).toBe(isInStep ? 'unchanged' : 'updated')

    // It ends there.
    const then = patches()
    expect(then - before).toBeGreaterThanOrEqual(isInStep ? 0 : 1)
    await expect(enricher.run({ id }, parts)).resolves.toMatchObject({ kind: 'unchanged' })
    expect(patches()).toBe(then)
  },
)

describe('the record', () => {
  const [both, size] = [{ color: 'red', size: 'L' }, 'wknd-size']
  const edited = (name: string) => ({ attribute: name, property: `wknd-${name}`, owner: 'edited' }) as const
  const withRules = (attributes: Product['attributes'], mapping: EnrichParts['enrichment']['mapping']) => {
    const { pim: _, ...parts } = partsFor('edited', nothing, { mapping })
    const getProducts = async () => [{ identifier: 'lamp', attributes }]
    return { ...parts, pim: { name: 'both', getProducts, check: async () => [] } }
  }
  const lamp = (path: string) => enricher.upload({ path, assetMetadata: { [linkProperty]: 'lamp' } })
  const bodies = (): unknown[] =>
    enricher.sandbox.aem.requests
      .filter(({ method }) => method === 'PATCH')
      .map(({ body }) => JSON.parse(body))
  afterEach(() => {
    Object.assign(enricher.sandbox.aem.settings, { readOnly: [], dropped: [] })
  })

  test('comes in the PATCH of the value, and forgets fields of other rules only then', async () => {
    const asset = lamp('/content/dam/record/lamp.png')
    await enricher.run(asset, withRules(both, [edited('color'), edited('size')]))
    expect(bodies().at(-1)).toMatchObject([
      { path: '/wknd-color' },
      { path: '/wknd-size' },
      {
        op: 'add',
        path: '/wknd-written',
        value: [expect.stringMatching(/^wknd-color=1:[0-9a-f]{8}$/), expect.stringMatching(/^wknd-size=1:/)],
      },
    ])
    const before = patches()
    const ofColor = [edited('color'), { attribute: 'size', property: size }]
    await enricher.run(asset, withRules(both, ofColor))
    expect(patches()).toBe(before)
    // A product without a value says nothing about its record.
    await enricher.run(asset, withRules({ color: 'blue' }, [everyAttribute('wknd-', { owner: 'edited' })]))
    expect(enricher.metadata(asset)[record]).toHaveLength(2)
    await enricher.run(asset, withRules({ ...both, color: 'green' }, ofColor))
    expect(enricher.metadata(asset)[record]).toEqual([expect.stringMatching(/^wknd-color=/)])
  })

  test('that AEM refuses costs nothing but itself, and one warning', async () => {
    enricher.sandbox.aem.settings.readOnly = [record]
    const call = startCall()
    const rules = withRules(both, [edited('color')])
    for (const name of ['one', 'two']) {
      const asset = lamp(`/content/dam/refused/${name}.png`)
      await expect(enricher.run(asset, rules, call)).resolves.toMatchObject({
        kind: 'updated',
        properties: ['wknd-color'],
      })
      expect(enricher.metadata(asset)).toMatchObject({ 'wknd-color': 'red' })
      await expect(enricher.run(asset, rules, call)).resolves.toMatchObject({ kind: 'unchanged' })
    }
    expect(call.log.filter((line) => line.startsWith('warn'))).toEqual([expect.stringContaining(record)])
    // The second asset of the folder is not asked with it; another folder may have another schema.
    expect(bodies().slice(-3)).toMatchObject([[{}, { path: `/${record}` }], [{}], [{}]])
  })

  test('is no excuse for another property that AEM refuses', async () => {
    enricher.sandbox.aem.settings.readOnly = [property]
    const asset = lamp('/content/dam/other/lamp.png')
    await expect(enricher.run(asset, withRules(both, [edited('color')]))).rejects.toMatchObject({
      code: 'METADATA_REFUSED',
      message: expect.stringContaining(property),
    })
  })

  test('that AEM drops without a word leaves the PIM the owner', async () => {
    enricher.sandbox.aem.settings.dropped = [record]
    const asset = lamp('/content/dam/dropped/lamp.png')
    await enricher.run(asset, withRules(both, [edited('color')]))
    await expect(enricher.run(asset, withRules(both, [edited('color')]))).resolves.toMatchObject({
      kind: 'unchanged',
    })
    hold(asset.id, 'blue')
    await enricher.run(asset, withRules(both, [edited('color')]))
    expect(enricher.metadata(asset)).toMatchObject({ [property]: 'red' })
  })

  test('of an edit between read and write is that of what the person wrote', async () => {
    const id = await assetWritten('green')
    enricher.sandbox.aem.onBeforePatch = () => {
      enricher.sandbox.aem.onBeforePatch = undefined
      hold(id, 'blue')
    }
    await expect(enricher.run({ id }, partsFor('edited', 'red'))).resolves.toMatchObject({
      kind: 'unchanged',
    })
    expect(enricher.metadata({ id })).toMatchObject({ [property]: 'blue', [record]: await textsOf('green') })
  })

  test('is read by no rule that does not need it', async () => {
    const asset = enricher.upload({
      path: '/content/dam/shop/lamp.png',
      assetMetadata: { [record]: 'a note' },
    })
    await enricher.run(asset, withRules({ written: 'x', color: 'red' }, [everyAttribute('wknd-')]))
    expect(enricher.metadata(asset)).toMatchObject({ [record]: 'x' })
  })
})
