import type { JsonObject } from '../../sandbox/json'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { generic } from './built-actions'

const pimKey = 'pim-key-5f1c77'
const signature = 'sv=2024-11-04&se=2030-01-01T00%3A00%3A00Z&sig=Zm9yZ2V0bWVub3Q%3D'
const hiddenInEvent = 'event-borne-secret-4711'

let sandbox: Sandbox
let everything: string

/** Every way through the action, each at debug: well, refused, unreachable, malformed, dead-lettered. */
beforeAll(async () => {
  const started = await startSandbox({
    actions: { generic: { bundle: generic, provideApiKey: true } },
    logLevel: 'debug',
  })
  sandbox = started
  started.pim.setProduct('chair', { sku: 'chair', name: 'Chair' })
  const upload = () => started.aem.addAsset({ path: `/content/dam/shop/${crypto.randomUUID()}.png` })
  const eventOf = (asset = upload()) => started.aem.processingCompletedEvent(asset)
  const rest: JsonObject = {
    PIM_COMMUNICATOR: 'rest',
    PIM_REST_URL: `${started.pim.url}/products/{identifier}`,
    PIM_REST_HEADERS: `X-Api-Key: ${pimKey}`,
    PIM_REST_PRODUCT: '/data/product',
  }
  const answers: unknown[] = []
  const invoke = async (params: JsonObject) => answers.push(await started.runtime.invoke('generic', params))

  await invoke(eventOf())
  await invoke({ ...eventOf(), ...rest })
  started.ims.revokeAll()
  await invoke(eventOf())
  started.aem.faults.add({ times: 2, fault: { kind: 'reset' } })
  await invoke(eventOf())
  started.aem.faults.add({ times: 1, fault: { kind: 'html' } })
  await invoke(eventOf())
  started.aem.faults.add({
    method: 'PATCH',
    times: 3,
    fault: { kind: 'status', status: 400, body: { detail: 'no' } },
  })
  await invoke(eventOf())
  const signed = `https://store.blob.core.windows.net/c/lamp.png?${signature}`
  await invoke({
    ...eventOf(),
    data: {
      assetId: 'urn:aaid:aem:x',
      url: signed,
      password: hiddenInEvent,
      repositoryMetadata: { 'repo:repositoryId': 'evil.test' },
    },
  })
  await invoke({ id: signed, type: 4, data: { authorization: `Bearer ${hiddenInEvent}` } })
  await invoke({ ...eventOf(), ADC_CECREDENTIALS_CLIENTSECRET: 'wrong-secret-815' })
  started.state.faults.add({ fault: { kind: 'status', status: 401 } })
  await invoke({ id: 'x' })
  started.state.faults.clear()
  everything = [started.runtime.logs('generic'), JSON.stringify(answers), stored(started)].join('\n')
})
afterAll(() => sandbox.close())

const stored = ({ state }: Sandbox): string =>
  state.requests
    .filter(({ method }) => method === 'PUT')
    .map(({ body }) => body)
    .join('\n')

describe('no log line, answer or dead letter, at any level, holds', () => {
  const secrets: [string, () => readonly string[]][] = [
    ['the client secret', () => [sandbox.inputs().ADC_CECREDENTIALS_CLIENTSECRET ?? '?', 'wrong-secret-815']],
    [
      'the client secret, percent-encoded',
      () => [encodeURIComponent(sandbox.inputs().ADC_CECREDENTIALS_CLIENTSECRET ?? '?')],
    ],
    ['an access token', () => tokensSeen()],
    [
      'the key of I/O Runtime',
      () => [
        sandbox.env().__OW_API_KEY ?? '?',
        Buffer.from(sandbox.env().__OW_API_KEY ?? '?').toString('base64'),
      ],
    ],
    ['the key of the PIM', () => [pimKey]],
    ['the signature of a URL', () => ['Zm9yZ2V0bWVub3Q']],
    ['a secret that came with an event', () => [hiddenInEvent]],
  ]

  test.each(secrets)('%s', (_name, values) => {
    expect(values().length).toBeGreaterThan(0)
    for (const value of values()) expect(everything).not.toContain(value)
  })

  test('and yet the debug log was on', () => {
    expect(everything).toContain('debug: AEM answered')
    expect(stored(sandbox)).toContain('HOST_NOT_ALLOWED')
  })
})

function tokensSeen(): string[] {
  const headers = sandbox.aem.requests.map((request) => String(request.headers.authorization))
  return [...new Set(headers.map((header) => header.replace('Bearer ', '')))]
}
