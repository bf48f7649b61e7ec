import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import { createClock, type MovableClock } from '../../sandbox/clock'
import { isJsonObject, type JsonObject } from '../../sandbox/json'
import { until } from '../support/raw-server'

let clock: MovableClock
let akeneo: AkeneoStandIn
let token: string

beforeEach(async () => {
  clock = createClock({ frozen: true })
  akeneo = await startAkeneo({ clock })
  token = akeneo.appToken
  for (const sku of ['A', 'B', 'C']) akeneo.catalogue.setProduct(sku, { family: 'lamps' })
})
afterEach(() => akeneo.close())

type Sent = { headers?: Record<string, string>; method?: string; body?: string }
const send = async (path: string, { headers, ...rest }: Sent = {}) => {
  const response = await fetch(`${akeneo.url}${path}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...headers },
    ...rest,
  })
  const body: unknown = await response.json()
  if (!isJsonObject(body)) throw new Error('an answer that is no object')
  return { status: response.status, body, headers: response.headers }
}
const rest = (path: string, sent?: Sent) => send(`/api/rest/v1/${path}`, sent)
const products = (parameters: Record<string, string>) =>
  rest(`products-uuid?${new URLSearchParams({ limit: '100', ...parameters })}`)
const searched = (search: unknown) => products({ search: JSON.stringify(search) })
const itemsOf = (body: JsonObject): JsonObject[] => {
  const items = isJsonObject(body._embedded) ? body._embedded.items : undefined
  if (!Array.isArray(items)) throw new Error('no list')
  return items.filter(isJsonObject)
}
const skusOf = (body: JsonObject) =>
  itemsOf(body)
    .map(({ uuid }) => [...akeneo.catalogue.products.values()].find((it) => it.uuid === uuid))
    .map((product) => product && akeneo.catalogue.skuOf(product))
    .sort()

describe('the token endpoint', () => {
  const { basic, password } = {
    basic: (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    password: (name: string, word: string) =>
      JSON.stringify({ grant_type: 'password', username: name, password: word }),
  }
  const grant = (body: string, headers: Record<string, string> = {}) => {
    const { clientId, clientSecret } = akeneo.oauth.credentials
    const usual = { authorization: basic(clientId, clientSecret), 'content-type': 'application/json' }
    return send('/api/oauth/v1/token', { method: 'POST', body, headers: { ...usual, ...headers } })
  }
  const byPassword = () => {
    const { username, password: word } = akeneo.oauth.credentials
    return grant(password(username, word))
  }

  it('gives a token that lives an hour, and a refresh token for one use in 14 days', async () => {
    const { status, body } = await byPassword()
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 3600,
      token_type: 'bearer',
      scope: null,
      refresh_token: expect.any(String),
    })
    token = String(body.access_token)
    expect((await rest('channels')).status).toBe(200)
    clock.advance(3_600_000)
    expect(await rest('channels')).toMatchObject({
      status: 401,
      body: { code: 401, message: 'The access token provided has expired.' },
    })
    const refresh = JSON.stringify({ grant_type: 'refresh_token', refresh_token: body.refresh_token })
    const renewed = await grant(refresh)
    expect(renewed.status).toBe(200)
    expect(await grant(refresh)).toMatchObject({ status: 422, body: { message: 'Refresh token is invalid' } })
    clock.advance(1_209_600_000)
    const late = JSON.stringify({ grant_type: 'refresh_token', refresh_token: renewed.body.refresh_token })
    expect(await grant(late)).toMatchObject({ status: 422, body: { message: 'Refresh token has expired' } })
  })

  it('takes a form, too', async () => {
    const { username, password: word } = akeneo.oauth.credentials
    const form = new URLSearchParams({ grant_type: 'password', username, password: word }).toString()
    expect((await grant(form, { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(200)
  })

  it('refuses what Akeneo refuses', async () => {
    const { username, password: word } = akeneo.oauth.credentials
    const good = password(username, word)
    expect((await grant(good, { authorization: basic('x', 'y') })).status).toBe(422)
    expect((await grant(good, { authorization: '' })).status).toBe(422)
    expect((await grant(password(username, 'wrong'))).status).toBe(422)
    expect((await grant(password('', ''))).status).toBe(422)
    expect((await grant(JSON.stringify({ grant_type: 'client_credentials' }))).status).toBe(422)
    expect((await grant(JSON.stringify({ grant_type: 'refresh_token' }))).status).toBe(422)
    expect((await grant('{')).status).toBe(400)
    expect((await grant(good, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await send('/api/oauth/v1/token')).status).toBe(405)
    expect(akeneo.oauth.grants).toEqual([])
  })
})

it('wants a token, the permission, and JSON as an answer', async () => {
  expect((await rest('products-uuid', { headers: { authorization: '' } })).body).toEqual({
    code: 401,
    message: 'Authentication is required',
  })
  expect((await rest('products-uuid', { headers: { authorization: 'Bearer x' } })).status).toBe(401)
  expect((await rest('products-uuid', { headers: { accept: 'text/html' } })).status).toBe(406)
  expect((await rest('products-uuid', { method: 'DELETE' })).status).toBe(405)
  expect((await rest('nothing')).status).toBe(404)
  akeneo.settings.permissions.delete('List products')
  expect(await rest('products-uuid')).toMatchObject({
    status: 403,
    body: { code: 403, message: 'Access forbidden. You are not allowed to list products.' },
  })
  expect((await rest('channels')).status).toBe(200)
  akeneo.settings.permissions.delete('Overall Web API access')
  expect((await rest('channels')).status).toBe(403)
  akeneo.oauth.revokeAll()
  expect((await rest('channels')).status).toBe(401)
})

describe('the list of products', () => {
  it('finds by identifier, uuid, model and change', async () => {
    akeneo.catalogue.setModel('root')
    akeneo.catalogue.setModel('sub', { parent: 'root' })
    clock.advance(60_000)
    const since = new Date(clock.now() - 1_000).toISOString().slice(0, 19).replace('T', ' ')
    const { uuid } = akeneo.catalogue.setProduct('V', { parent: 'sub' })
    expect(skusOf((await searched({ sku: [{ operator: 'IN', value: ['A', 'C', 'x'] }] })).body)).toEqual([
      'A',
      'C',
    ])
    expect(skusOf((await searched({ uuid: [{ operator: 'IN', value: [uuid] }] })).body)).toEqual(['V'])
    expect(skusOf((await searched({ parent: [{ operator: '=', value: 'root' }] })).body)).toEqual(['V'])
    expect(skusOf((await searched({ updated: [{ operator: '>', value: since }] })).body)).toEqual(['V'])
    const both = { sku: [{ operator: 'IN', value: ['A', 'V'] }], parent: [{ operator: '=', value: 'sub' }] }
    expect(skusOf((await searched(both)).body)).toEqual(['V'])
  })

  it.each<[string, Record<string, string>, number, string]>([
    ['a search that is no JSON', { search: '{' }, 400, 'valid JSON'],
    ['a search that is no object', { search: '[]' }, 400, 'valid JSON'],
    ['a filter that is no list', { search: '{"sku":{}}' }, 422, 'Structure of filter'],
    ['a filter without an operator', { search: '{"sku":[{"value":["A"]}]}' }, 422, 'Operator is missing'],
    ['a filter without a value', { search: '{"sku":[{"operator":"IN"}]}' }, 422, 'Value is missing'],
    [
      'an unknown property',
      { search: '{"nope":[{"operator":"IN","value":["A"]}]}' },
      422,
      'Filter on property "nope" is not supported',
    ],
    [
      'an operator that does not fit',
      { search: '{"parent":[{"operator":"LIKE","value":"A"}]}' },
      422,
      'does not support operator "LIKE"',
    ],
    ['a text where a list belongs', { search: '{"sku":[{"operator":"IN","value":"A"}]}' }, 422, 'an array'],
    ['an invalid uuid', { search: '{"uuid":[{"operator":"IN","value":["A"]}]}' }, 422, 'not a valid uuid'],
    [
      'a time in another format',
      { search: '{"updated":[{"operator":">","value":"2030-01-01T00:00:00Z"}]}' },
      422,
      'yyyy-mm-dd',
    ],
    ['a limit above 100', { limit: '101' }, 422, 'more than 100'],
    ['a limit that is none', { limit: '0' }, 422, 'not a valid limit'],
    ['a page that is none', { page: 'x' }, 422, 'not a valid page'],
    ['an offset beyond 10 000', { page: '101' }, 422, 'search after'],
    ['an unknown pagination', { pagination_type: 'cursor' }, 422, 'Pagination type'],
    ['an unknown channel', { scope: 'x' }, 422, 'Scope "x"'],
    ['an unknown locale', { locales: 'en_US,x' }, 422, 'Locale "x" does not exist'],
    ['locales that are not active', { locales: 'it_IT,y' }, 422, 'Locales "it_IT, y" do not exist'],
    [
      'a locale of another channel',
      { scope: 'ecommerce', locales: 'fr_FR' },
      422,
      'not activated for the scope',
    ],
    ['an unknown attribute', { attributes: 'sku,Name' }, 422, 'Attribute "Name" does not exist'],
    ['a flag that is none', { with_attribute_options: '1' }, 422, 'with_attribute_options'],
    ['an unknown flag', { with_labels: 'true' }, 422, 'with_labels'],
  ])('refuses %s', async (_name, parameters, status, message) => {
    expect(await products(parameters)).toMatchObject({
      status,
      body: { code: status, message: expect.stringContaining(message) },
    })
  })

  it('refuses more than a hundred identifiers, and eight hundred values', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)
    const post = (search: unknown) =>
      rest('products-uuid/search', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ search: JSON.stringify(search) }),
      })
    expect((await post({ sku: [{ operator: 'IN', value: many(100) }] })).status).toBe(200)
    expect((await post({ sku: [{ operator: 'IN', value: many(101) }] })).status).toBe(422)
    const uuids = (count: number) =>
      many(count).map((it) => `00000000-0000-4000-8000-${it.padStart(12, '0')}`)
    expect((await post({ uuid: [{ operator: 'IN', value: uuids(800) }] })).status).toBe(200)
    expect((await post({ uuid: [{ operator: 'IN', value: uuids(801) }] })).status).toBe(422)
  })

  it('pages by search_after, and a full last page is followed by an empty one', async () => {
    for (let index = 0; index < 7; index++) akeneo.catalogue.setProduct(`P${index}`)
    const sizes: number[] = []
    const seen = new Set<unknown>()
    let path: string | undefined = '/api/rest/v1/products-uuid?limit=5&pagination_type=search_after'
    while (path !== undefined) {
      const { body } = await send(path)
      sizes.push(itemsOf(body).length)
      for (const { uuid } of itemsOf(body)) seen.add(uuid)
      const next: unknown = isJsonObject(body._links) ? body._links.next : undefined
      path = isJsonObject(next) ? String(next.href).slice(akeneo.url.length) : undefined
    }
    expect(sizes).toEqual([5, 5, 0])
    expect(seen.size).toBe(10)
  })

  it('wants a POST search as its page describes it, and only SaaS has it', async () => {
    const post = (body: unknown, headers = { 'content-type': 'application/json' }, query = '') =>
      rest(`products-uuid/search${query}`, { method: 'POST', body: JSON.stringify(body), headers })
    const search = JSON.stringify({ sku: [{ operator: 'IN', value: ['A'] }] })
    expect(skusOf((await post({ search, with_attribute_options: true })).body)).toEqual(['A'])
    expect((await post({ search: JSON.parse(search) })).status).toBe(422)
    expect((await post({ with_attribute_options: 'true' })).status).toBe(422)
    expect((await post({ search }, undefined, '?attributes=sku')).status).toBe(422)
    expect((await post({ search }, { 'content-type': 'text/plain' })).status).toBe(415)
    akeneo.settings.edition = '7.0'
    expect((await post({ search })).status).toBe(405)
    akeneo.settings.edition = '6.0'
    expect((await post({ search })).status).toBe(404)
    expect((await rest('products-uuid')).status).toBe(404)
    const legacy = new URLSearchParams({ search: '{"identifier":[{"operator":"IN","value":["A"]}]}' })
    const [product] = itemsOf((await rest(`products?${legacy}`)).body)
    expect(product).toMatchObject({ identifier: 'A' })
    expect(product).not.toHaveProperty('uuid')
  })
})

it('shows values of the channel, locales and attributes that are asked for, with types and labels', async () => {
  akeneo.catalogue.setAttribute({
    code: 'color',
    type: 'pim_catalog_simpleselect',
    options: { red: { en_US: 'Red' } },
  })
  akeneo.catalogue.setProduct('A', {
    values: {
      color: [{ locale: null, scope: null, data: 'red' }],
      description: [
        { locale: 'en_US', scope: 'ecommerce', data: 'one' },
        { locale: 'en_US', scope: 'print', data: 'two' },
        { locale: 'de_DE', scope: 'ecommerce', data: 'three' },
      ],
    },
  })
  const search = '{"sku":[{"operator":"IN","value":["A"]}]}'
  const parameters = { search, scope: 'ecommerce', locales: 'en_US', attributes: 'color,description' }
  const [product] = itemsOf((await products({ ...parameters, with_attribute_options: 'true' })).body)
  expect(product?.values).toEqual({
    color: [
      {
        locale: null,
        scope: null,
        data: 'red',
        attribute_type: 'pim_catalog_simpleselect',
        linked_data: { attribute: 'color', code: 'red', labels: { en_US: 'Red' } },
      },
    ],
    description: [
      { locale: 'en_US', scope: 'ecommerce', data: 'one', attribute_type: 'pim_catalog_textarea' },
    ],
  })
})

it('has the lists beside the products, and single ones by code', async () => {
  akeneo.catalogue.setAttribute({ code: 'color', type: 'pim_catalog_simpleselect', options: { red: {} } })
  akeneo.catalogue.setModel('root', { values: { supplier: [{ locale: null, scope: null, data: 'x' }] } })
  akeneo.catalogue.records.set('brand', new Map([['acme', { en_US: 'Acme' }]]))
  const uuid = akeneo.catalogue.bySku('A')?.uuid
  for (const path of [
    ...['channels/print', 'families/lamps', 'attributes/color', 'attributes/color/options/red'],
    ...[
      'product-models/root',
      'products/A',
      `products-uuid/${uuid}`,
      'reference-entities/brand/records/acme',
    ],
  ]) {
    expect([path, (await rest(path)).status]).toEqual([path, 200])
  }
  for (const path of ['channels', 'families', 'attributes', 'locales', 'currencies', 'product-models']) {
    expect([path, itemsOf((await rest(path)).body).length > 0]).toEqual([path, true])
  }
  expect(itemsOf((await rest('attributes/color/options')).body)).toMatchObject([{ code: 'red' }])
  for (const path of [
    ...['channels/x', 'families/x', 'attributes/x', 'attributes/x/options', 'attributes/name/options'],
    ...[
      'attributes/color/options/x',
      'product-models/x',
      'products/x',
      'products-uuid/x',
      'reference-entities/x/records/x',
    ],
  ]) {
    expect([path, (await rest(path)).status]).toEqual([path, 404])
  }
})

it('takes four calls at once and a hundred in a second, and need not say how long to wait', async () => {
  let open: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    open = resolve
  })
  akeneo.settings.duringCall = () => held
  const calls = Array.from({ length: 6 }, () => rest('channels'))
  await until(() => akeneo.throttle.refusals() === 2, 'two refusals')
  open()
  const statuses = (await Promise.all(calls)).map(({ status }) => status).sort()
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429])
  akeneo.settings.duringCall = undefined
  for (let index = 0; index < 96; index++) expect((await rest('channels')).status).toBe(200)
  const refused = await rest('channels')
  expect(refused).toMatchObject({ status: 429, body: { code: 429 } })
  expect(refused.headers.get('retry-after')).toBeNull()
  akeneo.settings.retryAfter = 3
  expect((await rest('channels')).headers.get('retry-after')).toBe('3')
  clock.advance(1_000)
  expect((await rest('channels')).status).toBe(200)
})

it('holds no product that Akeneo would not take', () => {
  const { catalogue } = akeneo
  for (const sku of ['', ' a', 'a ', 'a,b', 'a;b', 'a\nb', 'x'.repeat(256)]) {
    expect(() => catalogue.setProduct(sku)).toThrow('takes no identifier')
  }
  const one = { locale: null, scope: null, data: 'x' }
  expect(() => catalogue.setProduct('A', { values: { nope: [one] } })).toThrow('no attribute nope')
  expect(() => catalogue.setProduct('A', { values: { name: [one] } })).toThrow('wrong locale or scope')
  expect(() => catalogue.setAttribute({ code: 'a-b', type: 'pim_catalog_text' })).toThrow('no attribute code')
})

it('has the inputs that point to it, and faults as every stand-in', async () => {
  expect(akeneo.inputs()).toMatchObject({ AKENEO_URL: akeneo.url, AKENEO_USERNAME: expect.any(String) })
  akeneo.faults.add({ path: '/api/rest/', times: 1, fault: { kind: 'status', status: 503 } })
  expect((await rest('channels')).body).toEqual({ code: 503, message: 'Injected fault' })
})
