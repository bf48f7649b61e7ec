import fc from 'fast-check'
import type { AkeneoValue } from '../../../sandbox/akeneo/catalogue'
import { type AkeneoEntry, pickEntry } from '../../../src/connectors/akeneo/catalogue/selection'
import { rejection, startCall } from '../../support/call'
import { type AkeneoBench, sku, startBench } from './pim-bench'

let bench: AkeneoBench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.close())

const describe1 = (locale: string, scope: string): AkeneoValue => ({
  locale,
  scope,
  data: `${locale} ${scope}`,
})

/** The description that counts with these inputs. */
async function descriptionBy(
  inputs: Record<string, string>,
  values: readonly AkeneoValue[] = [
    describe1('en_US', 'ecommerce'),
    describe1('de_DE', 'ecommerce'),
    describe1('en_US', 'print'),
    describe1('fr_FR', 'print'),
  ],
): Promise<unknown> {
  bench.server.catalogue.setProduct('LAMP-7', { values: { description: values } })
  const pim = bench.fresh({ ...inputs })
  return (await pim.getProducts([sku('LAMP-7')], startCall().signal))[0]?.attributes.description
}

describe('of several values the one counts', () => {
  test.each<[string, Record<string, string>, string]>([
    ['of the first channel and its first locale', {}, 'en_US ecommerce'],
    ['of the channel that is named', { AKENEO_CHANNEL: 'print' }, 'en_US print'],
    ['of the locale that is named', { AKENEO_LOCALES: 'de_DE' }, 'de_DE ecommerce'],
    ['of both', { AKENEO_CHANNEL: 'print', AKENEO_LOCALES: 'fr_FR,en_US' }, 'fr_FR print'],
    ['of the first channel that is named', { AKENEO_CHANNEL: 'print,ecommerce' }, 'en_US print'],
    [
      'of the first channel that has one of the locales',
      { AKENEO_CHANNEL: 'ecommerce,print', AKENEO_LOCALES: 'fr_FR' },
      'fr_FR print',
    ],
    [
      'of the channel before the locale',
      { AKENEO_CHANNEL: 'ecommerce print', AKENEO_LOCALES: 'fr_FR, en_US' },
      'en_US ecommerce',
    ],
  ])('%s', async (_name, inputs, expected) => {
    expect(await descriptionBy(inputs)).toBe(expected)
  })

  test('that has something in it', async () => {
    const values = [
      { locale: 'de_DE', scope: 'ecommerce', data: '' },
      { locale: 'en_US', scope: 'ecommerce', data: 'English' },
    ]
    expect(await descriptionBy({ AKENEO_LOCALES: 'de_DE,en_US' }, values)).toBe('English')
  })
})

test('with perLocale each wanted locale has an attribute of its own, besides the one that counts', async () => {
  const { catalogue } = bench.server
  const colors = { red: { en_US: 'Red', de_DE: 'Rot' } }
  catalogue.setAttribute({
    code: 'color',
    type: 'pim_catalog_simpleselect',
    localizable: true,
    options: colors,
  })
  catalogue.setProduct('LAMP-7', {
    values: {
      supplier: [{ locale: null, scope: null, data: 'Example Ltd' }],
      description: [
        describe1('fr_FR', 'print'),
        describe1('en_US', 'print'),
        describe1('en_US', 'ecommerce'),
        describe1('de_DE', 'ecommerce'),
      ],
      color: ['en_US', 'de_DE'].map((locale) => ({ locale, scope: null, data: 'red' })),
    },
  })
  const inputs = { AKENEO_LOCALES: 'de_DE,en_US', AKENEO_CHANNEL: 'ecommerce,print' }
  const pim = bench.fresh(inputs, { perLocale: true })
  expect((await pim.getProducts([sku('LAMP-7')], startCall().signal))[0]?.attributes).toEqual({
    sku: 'LAMP-7',
    supplier: 'Example Ltd',
    description: 'de_DE ecommerce',
    'description-de_DE': 'de_DE ecommerce',
    'description-en_US': 'en_US ecommerce',
    color: 'Rot',
    'color-de_DE': 'Rot',
    'color-en_US': 'Red',
  })
})

test('a value of another channel or locale never counts', async () => {
  expect(await descriptionBy({}, [describe1('fr_FR', 'print')])).toBeUndefined()
  expect(await descriptionBy({ AKENEO_LOCALES: 'de_DE' }, [describe1('en_US', 'ecommerce')])).toBeUndefined()
})

test('with one channel and locales Akeneo need not be asked which there are', async () => {
  await descriptionBy({ AKENEO_CHANNEL: 'ecommerce', AKENEO_LOCALES: 'de_DE' })
  expect(bench.calls()).toEqual(['GET products-uuid'])
})

test('without them Akeneo is asked once, and again after an hour', async () => {
  bench.server.catalogue.setProduct('LAMP-7')
  await bench.get(sku('LAMP-7'))
  await bench.get(sku('LAMP-7'))
  bench.clock.advance(3_600_000)
  await bench.get(sku('LAMP-7'))
  expect(bench.calls()).toEqual([
    'GET channels',
    'GET products-uuid',
    'GET products-uuid',
    'GET channels',
    'GET products-uuid',
  ])
})

test('only what counts is fetched', async () => {
  await descriptionBy({
    AKENEO_CHANNEL: 'ecommerce',
    AKENEO_LOCALES: 'de_DE,en_US',
    AKENEO_ATTRIBUTES: 'description',
  })
  expect(bench.server.requests.at(-1)?.query).toMatchObject({
    scope: 'ecommerce',
    locales: 'de_DE,en_US',
    attributes: 'description,sku',
  })
})

test('the channels of a PIM that has many are read to the end', async () => {
  const { channels } = bench.server.catalogue
  for (let index = 0; index < 120; index++) {
    const code = `channel_${index}`
    channels.set(code, { code, locales: ['fr_FR'], currencies: [], labels: {} })
  }
  const inputs = { AKENEO_CHANNEL: 'channel_119,ecommerce' }
  expect(await descriptionBy(inputs)).toBe('en_US ecommerce')
  expect(bench.calls()).toEqual(['GET channels', 'GET channels', 'GET products-uuid'])
})

describe('what the catalogue does not have is a matter for the operator, who is told its name', () => {
  test.each<[string, Record<string, string>, string]>([
    ['an attribute', { AKENEO_ATTRIBUTES: 'supplier,nope' }, 'nope in AKENEO_ATTRIBUTES'],
    ['several attributes', { AKENEO_ATTRIBUTES: 'nix,supplier,nope' }, 'nix, nope in AKENEO_ATTRIBUTES'],
    ['an attribute in another case', { AKENEO_ATTRIBUTES: 'Supplier' }, 'Supplier in AKENEO_ATTRIBUTES'],
    ['the identifier', { AKENEO_IDENTIFIER: 'ean' }, 'ean in AKENEO_IDENTIFIER'],
    [
      'an identifier that is another attribute',
      { AKENEO_IDENTIFIER: 'supplier', AKENEO_ATTRIBUTES: 'supplier' },
      'accept supplier in AKENEO_IDENTIFIER (',
    ],
    ['a locale', { AKENEO_LOCALES: 'xx_XX', AKENEO_CHANNEL: 'print' }, 'xx_XX in AKENEO_LOCALES'],
    ['a locale that is not active', { AKENEO_LOCALES: 'it_IT' }, 'it_IT in AKENEO_LOCALES'],
    [
      'a locale of another channel',
      { AKENEO_LOCALES: 'en_US,fr_FR', AKENEO_CHANNEL: 'ecommerce' },
      'fr_FR in AKENEO_LOCALES',
    ],
    ['a locale of no wanted channel', { AKENEO_LOCALES: 'fr_FR' }, 'fr_FR in AKENEO_LOCALES'],
    [
      'an active locale of none of several channels',
      { AKENEO_LOCALES: 'en_US,es_ES', AKENEO_CHANNEL: 'print,ecommerce' },
      'es_ES in AKENEO_LOCALES',
    ],
    ['a channel', { AKENEO_CHANNEL: 'shop' }, 'shop in AKENEO_CHANNEL'],
    [
      'a channel beside locales',
      { AKENEO_CHANNEL: 'shop', AKENEO_LOCALES: 'en_US' },
      'shop in AKENEO_CHANNEL',
    ],
    ['one of several channels', { AKENEO_CHANNEL: 'print,shop' }, 'shop in AKENEO_CHANNEL'],
  ])('%s', async (_name, inputs, message) => {
    bench.server.catalogue.locales.set('es_ES', true)
    expect(await rejection(descriptionBy(inputs))).toMatchObject({
      code: 'AKENEO_SELECTION_UNKNOWN',
      failureClass: 'systemic',
      message: expect.stringContaining(message),
    })
  })
})

test('the choice does not depend on the order in which Akeneo gives the values', () => {
  const code = fc.constantFrom('a', 'b', 'c', 'd')
  const entry = fc.record({
    locale: fc.option(code),
    scope: fc.option(code),
    data: fc.constantFrom('x'),
    type: fc.constant(undefined),
    reference: fc.constant(undefined),
    linked: fc.constant(undefined),
  })
  const selection = fc.record({
    channels: fc.uniqueArray(code),
    locales: fc.uniqueArray(code),
    otherLocales: fc.boolean(),
  })
  const place = (picked: AkeneoEntry | undefined) => picked && [picked.scope, picked.locale]
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { selector: ({ locale, scope }) => `${locale} ${scope}` }),
      selection,
      (entries, wanted) => {
        // An attribute has values for all channels or for each, never both.
        const alike = entries.filter(
          ({ locale, scope }) =>
            (locale === null) === (entries[0]?.locale === null) &&
            (scope === null) === (entries[0]?.scope === null),
        )
        const picked = pickEntry(alike, wanted)
        expect(place(pickEntry(alike.toReversed(), wanted))).toEqual(place(picked))
        const allowed = alike.filter(
          ({ locale, scope }) =>
            (scope === null || wanted.channels.includes(scope)) &&
            (locale === null || wanted.otherLocales || wanted.locales.includes(locale)),
        )
        expect(picked === undefined).toBe(allowed.length === 0)
      },
    ),
  )
})
