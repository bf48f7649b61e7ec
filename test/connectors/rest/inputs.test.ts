import { json, startServer } from '../../../sandbox/server'
import { restPim } from '../../../src/connectors/rest/pim'
import { startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { pimContext } from '../kit/pim-context'

const url = 'https://pim.example.com/products/{identifier}'
const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  throw new Error('expected it to throw')
}

describe('a wrong input of the rest communicator is named with what to set', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['no URL', {}, /^PIM_REST_URL is not set: set it to/],
    [
      'a URL without a place for the identifier',
      { PIM_REST_URL: 'https://pim.example.com/products' },
      /^PIM_REST_URL must contain \{identifier\}/,
    ],
    ['no URL at all', { PIM_REST_URL: 'pim/{identifier}' }, /^PIM_REST_URL must begin with https:/],
    ['http', { PIM_REST_URL: 'http://pim.example.com/{identifier}' }, /^PIM_REST_URL must begin with https/],
    [
      'a password in the URL',
      { PIM_REST_URL: 'https://me:hush-hush@pim.example.com/{identifier}' },
      /^PIM_REST_URL must not carry/,
    ],
    [
      'the identifier in the host',
      { PIM_REST_URL: 'https://{identifier}.example.com/' },
      /^PIM_REST_URL must have its placeholder/,
    ],
    [
      'the identifier in the fragment',
      { PIM_REST_URL: 'https://pim.example.com/#{identifier}' },
      /^PIM_REST_URL must not carry a fragment/,
    ],
    [
      'a product that is no pointer',
      { PIM_REST_URL: url, PIM_REST_PRODUCT: 'data.product' },
      /^PIM_REST_PRODUCT must be a JSON Pointer/,
    ],
    [
      'an identifier that is no pointer',
      { PIM_REST_URL: url, PIM_REST_IDENTIFIER: 'sku' },
      /^PIM_REST_IDENTIFIER must be a JSON Pointer/,
    ],
    [
      'several at once without an identifier',
      { PIM_REST_URL: 'https://pim.example.com/?q={identifiers}' },
      /^PIM_REST_IDENTIFIER must be set/,
    ],
    [
      'a header without a colon',
      { PIM_REST_URL: url, PIM_REST_HEADERS: 'hush-hush' },
      /^PIM_REST_HEADERS must be/,
    ],
    [
      'a header with a blank name',
      { PIM_REST_URL: url, PIM_REST_HEADERS: ': hush-hush' },
      /^PIM_REST_HEADERS must be/,
    ],
    [
      'a header with a character that HTTP lacks',
      { PIM_REST_URL: url, PIM_REST_HEADERS: 'X-Key: hush-hush\u0161' },
      /^PIM_REST_HEADERS must be/,
    ],
  ])('%s', (_name, inputs, message) => {
    const thrown = thrownBy(() => restPim()(pimContext(inputs)))
    expect(thrown).toMatchObject({ message: expect.stringMatching(message) })
    expect(JSON.stringify(thrown)).not.toContain('hush-hush')
  })
})

describe('the headers of the rest communicator', () => {
  test.each<[string, string, Record<string, string>]>([
    ['one', 'X-Api-Key: key-1', { 'x-api-key': 'key-1' }],
    [
      'several by semicolons',
      'X-Api-Key: key-1; X-Tenant:shop',
      { 'x-api-key': 'key-1', 'x-tenant': 'shop' },
    ],
    [
      'several by line breaks',
      'X-Api-Key: key-1\r\nX-Tenant: shop\n',
      { 'x-api-key': 'key-1', 'x-tenant': 'shop' },
    ],
    [
      'line breaks as .env keeps them',
      'X-Api-Key: key-1\\nX-Tenant: shop',
      { 'x-api-key': 'key-1', 'x-tenant': 'shop' },
    ],
    ['a value with a colon and a semicolon', 'Cookie: a=b:c;d=e', { cookie: 'a=b:c;d=e' }],
    ['one that the app sends, too', 'Accept: application/hal+json', { accept: 'application/hal+json' }],
    ['none', ' ', { accept: 'application/json' }],
  ])('arrive: %s', async (_name, headers, expected) => {
    const server = await startServer({ clock: createTestClock(), handle: () => json(200, { sku: 'lamp' }) })
    const inputs = { PIM_REST_URL: `${server.url}/products/{identifier}`, PIM_REST_HEADERS: headers }
    try {
      await restPim()(pimContext(inputs)).getProducts([{ kind: 'identifier', value: 'lamp' }], startCall())
      expect(server.requests[0]?.headers).toMatchObject(expected)
    } finally {
      await server.close()
    }
  })

  test.each(['Authorization: Token abc-4711', 'X-Api-Key: abc-4711'])(
    'are masked from then on: %s',
    (headers) => {
      const context = pimContext({ PIM_REST_URL: url, PIM_REST_HEADERS: headers })
      restPim()(context)
      expect(context.redactor.text('it said: Token abc-4711, or abc-4711')).not.toContain('4711')
    },
  )
})

test('options in config/enrichment.ts win over the inputs', async () => {
  const server = await startServer({
    clock: createTestClock(),
    handle: () => json(200, { a: { b: 'lamp' } }),
  })
  const inputs = { PIM_REST_URL: url, PIM_REST_PRODUCT: 'no pointer', PIM_REST_IDENTIFIER: 'no pointer' }
  const options = { url: `${server.url}/{identifier}?x=1`, product: '/a', identifier: '/b' }
  try {
    const pim = restPim(options)(pimContext(inputs))
    const products = await pim.getProducts([{ kind: 'identifier', value: 'x' }], startCall())
    expect(products).toEqual([{ identifier: 'lamp', attributes: { b: 'lamp' } }])
    expect(server.requests).toMatchObject([{ path: '/x', query: { x: '1' } }])
  } finally {
    await server.close()
  }
})
