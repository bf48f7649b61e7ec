import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import type { CatalogueChange } from '../../sandbox/akeneo/catalogue'
import { type Happening, happeningsOf } from '../../sandbox/akeneo/product-events'
import { createClock } from '../../sandbox/clock'

const clock = createClock({ frozen: true })
const value = (data: string) => [{ locale: null, scope: null, data }]
let akeneo: AkeneoStandIn
let heard: Happening[]
beforeEach(async () => {
  akeneo = await startAkeneo({ clock })
  heard = []
  akeneo.catalogue.onChange((change: CatalogueChange) => {
    heard.push(...happeningsOf(change, akeneo.catalogue))
  })
})
afterEach(() => akeneo.close())

const types = () => heard.splice(0).map(({ type }) => type)

it('tells of products from the first to the last, by uuid, with who did it', () => {
  const { catalogue } = akeneo
  const { uuid } = catalogue.setProduct('LAMP-7', { values: { supplier: value('Lux') } })
  expect(heard).toEqual([
    {
      type: 'product.created',
      data: { product: { uuid }, author: { identifier: 'julia', type: 'user' } },
      identifier: 'LAMP-7',
    },
  ])
  heard = []
  catalogue.setProduct('LAMP-7', { values: { supplier: value('Lux') } })
  expect(types()).toEqual([])
  catalogue.setProduct('LAMP-7', { values: { supplier: value('Nox') } })
  expect(types()).toEqual(['product.updated', 'product.updated.delta'])
  catalogue.removeProduct(uuid)
  expect(types()).toEqual(['product.deleted'])
  expect(() => catalogue.removeProduct(uuid)).toThrow('no product')
})

it('tells what has changed in the delta, and only that', () => {
  const { catalogue } = akeneo
  const name = (data: string, locale: string) => ({ locale, scope: null, data })
  catalogue.setProduct('LAMP-7', {
    categories: ['old', 'kept'],
    values: { name: [name('Lamp', 'en_US'), name('Lampe', 'de_DE')], supplier: value('Lux') },
  })
  heard = []
  const { uuid } = catalogue.setProduct('LAMP-7', {
    categories: ['kept', 'new'],
    enabled: false,
    values: { name: [name('Desk lamp', 'en_US'), name('Lampe', 'de_DE')] },
  })
  expect(heard.at(-1)?.data.product).toEqual({
    uuid,
    updated_at: {
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}000$/),
      timezone: 'UTC',
    },
    changes: {
      enabled: { previous: true, new: false },
      categories: { added: ['new'], removed: ['old'] },
      values: {
        name: [
          { previous: 'Lamp', new: 'Desk lamp', type: 'pim_catalog_text', locale: 'en_US', scope: null },
        ],
        supplier: [{ previous: 'Lux', new: null, type: 'pim_catalog_text', locale: null, scope: null }],
      },
    },
  })
})

it('tells of models by code, and nothing of what is below them', () => {
  const { catalogue } = akeneo
  catalogue.setModel('lamp')
  catalogue.setProduct('LAMP-7', { parent: 'lamp' })
  heard = []
  catalogue.setModel('lamp', { values: { supplier: value('Lux') } })
  expect(heard.map(({ type }) => type)).toEqual(['product-model.updated', 'product-model.updated.delta'])
  expect(heard[0]?.data.product_model).toEqual({ code: 'lamp' })
  expect(() => catalogue.removeModel('lamp')).toThrow('below it')
  const product = catalogue.bySku('LAMP-7')
  catalogue.removeProduct(product?.uuid ?? '')
  catalogue.removeModel('lamp')
  expect(heard.at(-1)?.type).toBe('product-model.deleted')
})

it('names the connection as the author of what comes by the REST API', async () => {
  akeneo.catalogue.setProduct('LAMP-7')
  heard = []
  const answer = await fetch(`${akeneo.url}/api/rest/v1/products/LAMP-7`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${akeneo.appToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ values: { supplier: value('Lux') } }),
  })
  expect(answer.status).toBe(204)
  const author = { identifier: akeneo.oauth.credentials.clientId, type: 'api' }
  expect(heard.map(({ data }) => data.author)).toEqual([author, author])
})
