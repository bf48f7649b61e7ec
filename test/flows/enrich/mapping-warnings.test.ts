import { type BridgeError, systemicError, transientError } from '../../../src/core/errors'
import { everyAttribute, type MappingRule } from '../../../src/metadata/mapping'
import { fromFileName } from '../../../src/metadata/matching'
import type { PimCommunicator } from '../../../src/plugin/pim'
import { renderOutcome } from '../../../src/runtime/render'
import { rejection, startCall } from '../../support/call'
import { type Enricher, linkProperty, startEnricher } from './enricher'

let enricher: Enricher
beforeEach(async () => {
  enricher = await startEnricher()
  enricher.sandbox.pim.setProduct('lamp', { sku: 'lamp', name: 'Lamp', weight: '1.5 kg' })
})
afterEach(() => enricher.close())

const enrichmentWith = (mapping: readonly MappingRule[]) => ({
  linkProperty,
  matching: [fromFileName()],
  mapping,
})
const lamp = (at: number) => enricher.upload({ path: `/content/dam/shop/${at}/lamp.png` })
const warnings = (log: readonly string[]) => log.filter((line) => line.startsWith('warn '))

describe('a mapping that names an attribute that the PIM does not give', () => {
  const typo = [{ attribute: 'Name', property: 'wknd-name' }] as const

  test('is warned of in the first event of a container, with what the PIM gives', async () => {
    const enrichment = enrichmentWith(typo)
    const [call, again] = [startCall(), startCall()]
    await enricher.run(lamp(1), { enrichment }, call)
    const [line = '', ...others] = warnings(call.log)
    expect(line).toMatch(/config\/enrichment.ts names attributes .*"attributes":\["Name"\]/)
    expect(line).toContain('name')
    expect(others).toEqual([])
    await enricher.run(lamp(2), { enrichment }, again)
    expect(warnings(again.log)).toEqual([])
  })

  const telling = (unknownAttributes: NonNullable<PimCommunicator['unknownAttributes']>) => ({
    ...enricher.pim,
    unknownAttributes,
  })

  test('is a question to a PIM that can tell, since a product need not have a value', async () => {
    const asked: (readonly string[])[] = []
    const pim = telling(async (names) => {
      asked.push(names)
      return names.filter((name) => name === 'Name')
    })
    const mapping = [...typo, { attribute: 'colour', property: 'wknd-colour' }]
    const enrichment = enrichmentWith(mapping)
    const calls = [startCall(), startCall(), startCall()]
    await Promise.all(calls.map((call, at) => enricher.run(lamp(at), { enrichment, pim }, call)))
    const lines = calls.flatMap(({ log }) => warnings(log))
    expect(lines).toEqual([expect.stringMatching(/does not give.*"attributes":\["Name"\]/)])
    expect(asked).toEqual([['Name', 'colour']])
  })

  test('does not fail when it cannot be asked; it is asked again only where that may help', async () => {
    let error: BridgeError = transientError('PIM_UNAVAILABLE', 'busy')
    let asked = 0
    const pim = telling(() => {
      asked += 1
      return Promise.reject(error)
    })
    const enrichment = enrichmentWith([{ attribute: 'Name', property: 'wknd-name' }])
    for (const at of [1, 2]) expect((await enricher.run(lamp(at), { enrichment, pim })).kind).toBe('updated')
    expect(asked).toBe(2)
    error = systemicError('AKENEO_FORBIDDEN', 'no')
    for (const at of [3, 4]) expect((await enricher.run(lamp(at), { enrichment, pim })).kind).toBe('updated')
    expect(asked).toBe(3)
  })

  test('is nothing to say where every rule finds its attribute', async () => {
    const call = startCall()
    await enricher.run(lamp(1), { enrichment: enrichmentWith([{ attribute: 'name', property: 'p' }]) }, call)
    expect(warnings(call.log)).toEqual([])
  })
})

describe('everyAttribute with whenMissing', () => {
  const enrichment = () => enrichmentWith([{ ...everyAttribute('wknd-'), whenMissing: 'remove' }])

  test('removes what the PIM is known to have and the product lacks', async () => {
    const asset = enricher.upload({
      path: '/content/dam/shop/lamp.png',
      assetMetadata: { 'wknd-colour': 'red' },
    })
    const pim = { ...enricher.pim, knownAttributes: () => ['name', 'colour'] }
    expect(enricher.metadata(asset)).toHaveProperty('wknd-colour')
    await enricher.run(asset, { enrichment: enrichment(), pim })
    expect(enricher.metadata(asset)).not.toHaveProperty('wknd-colour')
    expect(enricher.metadata(asset)).toMatchObject({ 'wknd-name': 'Lamp' })
  })

  test('is told, once a container, to act on no attribute that the PIM leaves out', async () => {
    const pim = { ...enricher.pim, knownAttributes: () => [] }
    const [own, call, again] = [enrichment(), startCall(), startCall()]
    await enricher.run(lamp(1), { enrichment: own, pim }, call)
    await enricher.run(lamp(2), { enrichment: own, pim }, again)
    expect(warnings(call.log)).toEqual([expect.stringContaining('everyAttribute')])
    expect(warnings(again.log)).toEqual([])
  })
})

describe('a value that does not fit', () => {
  const weight = { attribute: 'weight', property: 'wknd-weight', type: 'number' } as const
  const name = { attribute: 'name', property: 'wknd-name' } as const

  test('is left out where its rule says so: all else is written, log and answer tell it', async () => {
    const enrichment = enrichmentWith([{ ...weight, onError: 'skip' }, name])
    const [asset, call] = [lamp(1), startCall()]
    const outcome = await enricher.run(asset, { enrichment }, call)
    expect(enricher.metadata(asset)).toMatchObject({ 'wknd-name': 'Lamp' })
    expect(enricher.metadata(asset)).not.toHaveProperty('wknd-weight')
    const leftOut = [{ property: 'wknd-weight', reason: '"1.5 kg" is no number' }]
    expect(renderOutcome(outcome)).toMatchObject({
      outcome: 'updated',
      message: expect.stringMatching(/^metadata updated: .*; left out, .*: wknd-weight$/),
      leftOut,
      assetdata: { pimdata: { name: 'Lamp' } },
    })
    expect(warnings(call.log)).toEqual([expect.stringContaining(JSON.stringify(leftOut))])
    expect(renderOutcome(await enricher.run(asset, { enrichment }))).toMatchObject({
      outcome: 'unchanged',
      leftOut,
    })
  })

  test('fails the whole asset where its rule says nothing', async () => {
    const failed = rejection(enricher.run(lamp(1), { enrichment: enrichmentWith([weight, name]) }))
    expect(await failed).toMatchObject({ code: 'MAPPING_FAILED', failureClass: 'permanent' })
  })

  test('has no field in the answer when there is none', async () => {
    const outcome = await enricher.run(lamp(1), { enrichment: enrichmentWith([name]) })
    expect(renderOutcome(outcome)).not.toHaveProperty('leftOut')
  })
})
