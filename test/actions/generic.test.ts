import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let count = 0

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const upload = (name = `lamp (${++count}).png`) =>
  receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/${name}` })
const outsideRequests = () =>
  receiver.sandbox.ims.requests.length +
  receiver.sandbox.aem.requests.length +
  receiver.sandbox.state.requests.length

describe('the challenge probe', () => {
  test('is answered with its own value and without any outside call', async () => {
    const before = outsideRequests()
    const answer = await receiver.invoke({ challenge: '8ec8d794-e0ab-42df-9017-e3dada8e84f7' })
    expect(answer).toEqual({ statusCode: 200, body: { challenge: '8ec8d794-e0ab-42df-9017-e3dada8e84f7' } })
    expect(outsideRequests()).toBe(before)
  })

  test('is answered even when no input is set', async () => {
    const inputs = Object.fromEntries(Object.keys(receiver.sandbox.inputs()).map((name) => [name, '']))
    expect(await receiver.invoke({ challenge: 'x' }, { inputs })).toEqual({
      statusCode: 200,
      body: { challenge: 'x' },
    })
  })
})

describe('Asset Processing Completed', () => {
  test('writes the SKU and the supplier of the product into the metadata, and says so', async () => {
    const asset = upload()
    const answer = await receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset))
    expect(bodyOf(answer)).toEqual({
      message: 'metadata updated: wknd-skuid, wknd-suppliername',
      outcome: 'updated',
      assetdata: {
        assetName: asset.path.split('/').pop(),
        assetPath: asset.path,
        assetId: asset.id,
        aemHost: receiver.sandbox.aem.url,
        pimdata: { SKUID: 'MockSKU 123', SupplierName: 'mock-supplier' },
      },
    })
    expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({
      'wknd-skuid': 'MockSKU 123',
      'wknd-suppliername': 'mock-supplier',
    })
  })

  test('delivered a second time changes nothing and sends no PATCH', async () => {
    const asset = upload()
    const event = receiver.sandbox.aem.processingCompletedEvent(asset)
    await receiver.invoke(event)
    const etag = receiver.sandbox.aem.asset(asset.id).etag
    const patches = () => receiver.sandbox.aem.requests.filter(({ method }) => method === 'PATCH').length
    const before = patches()
    expect(bodyOf(await receiver.invoke(event)).outcome).toBe('unchanged')
    expect(patches()).toBe(before)
    expect(receiver.sandbox.aem.asset(asset.id).etag).toBe(etag)
  })

  test('delivered twice at once ends in the same metadata', async () => {
    const asset = upload()
    const event = receiver.sandbox.aem.processingCompletedEvent(asset)
    const answers = await Promise.all([receiver.invoke(event), receiver.invoke(event)])
    for (const answer of answers) expect(['updated', 'unchanged']).toContain(bodyOf(answer).outcome)
    expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
  })

  test('without an asset id is resolved by the path', async () => {
    const asset = upload('côté 100% & more.png')
    const event = receiver.sandbox.aem.processingCompletedEvent(asset)
    const data = { repositoryMetadata: { ...repositoryOf(event), 'repo:assetId': 'N/A' } }
    expect(bodyOf(await receiver.invoke({ ...event, data })).outcome).toBe('updated')
    expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
  })

  test('of a folder or a content fragment is skipped with the reason and without a call', async () => {
    const event = receiver.sandbox.aem.processingCompletedEvent(upload())
    for (const assetClass of ['directory', 'contentFragment']) {
      const before = outsideRequests()
      const data = { repositoryMetadata: { ...repositoryOf(event), 'repo:assetClass': assetClass } }
      expect(bodyOf(await receiver.invoke({ ...event, data }))).toMatchObject({
        outcome: 'skipped',
        reason: `not a file but a ${assetClass}`,
      })
      expect(outsideRequests()).toBe(before)
    }
  })

  test('of an asset that is checked out is skipped and names the user', async () => {
    const asset = receiver.sandbox.aem.addAsset({
      path: '/content/dam/shop/checked-out.png',
      repositoryMetadata: { 'aem:checkedOutBy': 'jane' },
    })
    const body = bodyOf(await receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset)))
    expect(body).toMatchObject({ outcome: 'skipped', reason: 'the asset is checked out by jane' })
  })
})

describe('other events', () => {
  test('of an unknown type are acknowledged', async () => {
    const event = {
      ...receiver.sandbox.aem.processingCompletedEvent(upload()),
      type: 'aem.assets.asset.sung_to',
    }
    expect(bodyOf(await receiver.invoke(event))).toMatchObject({
      outcome: 'ignored',
      reason: 'unknown event type',
    })
  })
})

describe('several events in one call', () => {
  test('each get a result, in order', async () => {
    const events = [upload(), upload()].map((asset) => receiver.sandbox.aem.processingCompletedEvent(asset))
    const answer = await receiver.invoke({ events: [...events, { type: 'other' }] })
    expect(Object.values(bodyOf(answer))).toMatchObject([
      { outcome: 'updated' },
      { outcome: 'updated' },
      { outcome: 'ignored' },
    ])
  })

  test('come again together when one of them has to', async () => {
    const [good, bad] = [upload(), upload()]
    receiver.sandbox.aem.faults.add({
      path: `/adobe/assets/${bad.id}`,
      times: 4,
      fault: { kind: 'status', status: 503 },
    })
    const events = [good, bad].map((asset) => receiver.sandbox.aem.processingCompletedEvent(asset))
    const { statusCode, body } = errorOf(await receiver.invoke({ events }))
    expect(statusCode).toBe(503)
    expect(body.results).toMatchObject([
      { outcome: 'updated' },
      { outcome: 'retry', code: 'AEM_UNAVAILABLE' },
    ])
  })
})

describe('inputs', () => {
  test('that are missing are named in a retryable answer', async () => {
    const event = receiver.sandbox.aem.processingCompletedEvent(upload())
    const { statusCode, body } = errorOf(
      await receiver.invoke(event, {
        inputs: { AEM_AUTHOR_URLS: '', ADC_CECREDENTIALS_CLIENTID: '$ADC_CECREDENTIALS_CLIENTID' },
      }),
    )
    expect(statusCode).toBe(503)
    expect(body.code).toBe('INPUT_INVALID')
    expect(body.message).toContain('AEM_AUTHOR_URLS is not set: set it to')
    expect(body.message).toContain('ADC_CECREDENTIALS_CLIENTID is not set: set it to')
  })

  test('that name an unknown PIM are told which ones there are', async () => {
    const event = receiver.sandbox.aem.processingCompletedEvent(upload())
    const { statusCode, body } = errorOf(
      await receiver.invoke(event, { inputs: { PIM_COMMUNICATOR: 'acme' } }),
    )
    expect(statusCode).toBe(503)
    expect(body.message).toContain('PIM_COMMUNICATOR is "acme"; config/enrichment.ts knows mock, rest')
  })

  test('may come from the annotation include-ims-credentials instead', async () => {
    const {
      ADC_CECREDENTIALS_CLIENTID: id,
      ADC_CECREDENTIALS_CLIENTSECRET: secret,
      ADC_CECREDENTIALS_METASCOPES: scopes = '',
    } = receiver.sandbox.inputs()
    const asset = upload()
    const answer = await receiver.invoke(
      {
        ...receiver.sandbox.aem.processingCompletedEvent(asset),
        __ims_oauth_s2s: {
          client_id: id ?? '',
          client_secret: secret ?? '',
          scopes: scopes.split(','),
          org_id: 'o',
        },
      },
      {
        inputs: {
          ADC_CECREDENTIALS_CLIENTID: '',
          ADC_CECREDENTIALS_CLIENTSECRET: '',
          ADC_CECREDENTIALS_METASCOPES: '',
        },
      },
    )
    expect(bodyOf(answer).outcome).toBe('updated')
  })
})

function repositoryOf(event: ReturnType<Receiver['sandbox']['aem']['processingCompletedEvent']>) {
  const { repositoryMetadata } = JSON.parse(JSON.stringify(event.data))
  return repositoryMetadata
}
