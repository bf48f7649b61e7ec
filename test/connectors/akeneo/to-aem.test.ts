import { type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import type { JsonObject } from '../../../sandbox/json'
import { bodyOf, type Receiver, startReceiver } from '../../support/receiver'
import { table, variants } from './types'

/** From a value in Akeneo to the JSON Patch that AEM receives, for every type of attribute and every kind of value. */
let receiver: Receiver
let akeneo: AkeneoStandIn
beforeAll(async () => {
  receiver = await startReceiver()
  akeneo = await startAkeneo({ clock: receiver.sandbox.clock })
})
afterAll(async () => {
  await akeneo.close()
  await receiver.close()
})

const cases = variants.flatMap(([kind, flags, place], v) =>
  table.map(([type, attribute, data, , patched], t) => {
    // The identifier of the product is neither localizable nor scopable, but others of the type may be.
    const code = `probe_${t}_${v}`
    return {
      name: `${type}, ${kind}`,
      code,
      attribute: { ...attribute, ...flags, code },
      place,
      data,
      patched,
    }
  }),
)
const inputs = (): JsonObject => ({
  PIM_COMMUNICATOR: 'akeneo',
  ...akeneo.inputs(),
  AKENEO_CHANNEL: 'ecommerce',
  AKENEO_LOCALES: 'en_US',
})
let sku = 0
const enrich = (asset: { id: string }) =>
  receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset), { inputs: inputs() })
const lastPatch = (): unknown => {
  const { body = '[]' } = receiver.sandbox.aem.requests.findLast(({ method }) => method === 'PATCH') ?? {}
  return JSON.parse(body)
}

function know(known: readonly (typeof cases)[number][]) {
  sku += 1
  for (const { attribute } of known) akeneo.catalogue.setAttribute(attribute)
  const values = Object.fromEntries(
    known.map(({ code, place, data, attribute }) => {
      // Values that are for others: they must not be taken.
      const others = [
        ...(attribute.localizable ? [{ ...place, locale: 'de_DE', data }] : []),
        ...(attribute.scopable ? [{ ...place, scope: 'print', data }] : []),
      ].map((value) => ({ ...value, data: attribute.type === 'pim_catalog_text' ? 'of others' : data }))
      return [code, [...others, { ...place, data }]]
    }),
  )
  akeneo.catalogue.setProduct(`LAMP-${sku}`, { values })
  return receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/${crypto.randomUUID()}/LAMP-${sku}.png` })
}

test.each(cases)('$name', async ({ ...one }) => {
  const asset = know([one])

  expect(bodyOf(await enrich(asset)).outcome).toBe('updated')

  const own = [
    { op: 'add', path: '/wknd-sku', value: `LAMP-${sku}` },
    { op: 'add', path: '/wknd-skuid', value: `LAMP-${sku}` },
  ]
  const path = `/wknd-${one.code}`
  const written = one.patched === undefined ? [] : [{ op: 'add', path, value: one.patched }]
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  expect((lastPatch() as { path: string }[]).sort(byPath)).toEqual([...own, ...written].sort(byPath))
})

test('all of them at once are one PATCH, and a second event changes nothing', async () => {
  const asset = know(cases)
  const patches = () => receiver.sandbox.aem.requests.filter(({ method }) => method === 'PATCH').length
  const before = patches()
  expect(bodyOf(await enrich(asset)).outcome).toBe('updated')
  expect(patches() - before).toBe(1)
  expect(bodyOf(await enrich(asset)).outcome).toBe('unchanged')
  expect(patches() - before).toBe(1)
})
