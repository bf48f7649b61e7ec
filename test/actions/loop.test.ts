import { createHmac } from 'node:crypto'
import { main as exportAsset } from '../../actions/export-asset/index'
import { main as generic } from '../../actions/generic/index'
import { main as pimEvents } from '../../actions/pim-events/index'
import { main as pimSync } from '../../actions/pim-sync/index'
import { type AkeneoStandIn, startAkeneo } from '../../sandbox/akeneo/akeneo'
import type { JsonObject } from '../../sandbox/json'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

/** What the app writes makes its sources tell of a change again. That has to end. */
let receiver: Receiver
let akeneo: AkeneoStandIn
beforeAll(async () => {
  receiver = await startReceiver({}, pimSync)
  akeneo = await startAkeneo({ clock: receiver.sandbox.clock })
})
afterAll(async () => {
  await akeneo.close()
  await receiver.close()
})

const all = (params: JsonObject): JsonObject => ({
  ...receiver.sandbox.inputs(),
  LOG_LEVEL: 'error',
  PIM_COMMUNICATOR: 'akeneo',
  ...akeneo.inputs(),
  AKENEO_EVENT_SECRETS: 'a-secret-of-the-events',
  ...params,
})
const writes = () => ({
  aem: receiver.sandbox.aem.requests.filter(({ method }) => method !== 'GET').length,
  akeneo: akeneo.requests.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/token')).length,
})

test('from the PIM to AEM and back again: after one turn nothing moves any more', async () => {
  const { aem } = receiver.sandbox
  const values = { supplier: [{ locale: null, scope: null, data: 'Acme' }] }
  const product = akeneo.catalogue.setProduct('LAMP-7', { values })
  const asset = aem.addAsset({
    path: '/content/dam/shop/hero.png',
    assetMetadata: { 'wknd-skuid': 'LAMP-7' },
  })
  const references = [{ kind: 'uuid', value: product.uuid }]
  process.env.__OW_DEADLINE = String(Date.now() + 60_000)

  // One turn: the PIM tells, AEM is written to.
  expect(bodyOf(await pimSync(all({ references })))).toMatchObject({ updated: 1 })
  expect(writes()).toEqual({ aem: 1, akeneo: 0 })

  // AEM tells of that, in every way that it may: with the name of this app's account, and without it.
  const [ownWrite] = aem.life.outbox.splice(0)
  if (ownWrite === undefined) throw new Error('AEM told nothing of the write')
  const processed = aem.processingCompletedEvent(asset)
  const reads = receiver.sandbox.aem.requests.length
  expect(bodyOf(await generic(all(ownWrite)))).toMatchObject({
    outcome: 'skipped',
    reason: 'this app made the change itself',
  })
  expect(receiver.sandbox.aem.requests).toHaveLength(reads)
  const told: [(params: unknown) => ReturnType<typeof generic>, JsonObject, string][] = [
    [generic, { ...processed, type: 'aem.assets.asset.metadata_updated' }, 'unchanged'],
    [generic, processed, 'unchanged'],
    [exportAsset, aem.publicationEvent('published', asset), 'skipped'],
    [exportAsset, { ...processed, type: 'aem.assets.asset.metadata_updated' }, 'skipped'],
    [exportAsset, ownWrite, 'skipped'],
  ]
  for (const [action, event, outcome] of told) {
    expect(bodyOf(await action(all(event))).outcome).toBe(outcome)
  }
  // The PIM tells once more, and of what this app would have written there.
  expect(bodyOf(await pimSync(all({ references })))).toMatchObject({ unchanged: 1 })
  const author = { identifier: akeneo.oauth.credentials.clientId, type: 'api' }
  const own = JSON.stringify({
    type: 'com.akeneo.pim.v1.product.updated',
    id: 'ev-1',
    data: { product: { uuid: product.uuid }, author },
  })
  const signature = createHmac('sha256', 'a-secret-of-the-events').update(own).digest('hex')
  const request = {
    __ow_method: 'post',
    __ow_headers: { 'x-akeneo-signature-primary': signature },
    __ow_body: Buffer.from(own).toString('base64'),
  }
  expect(bodyOf(await pimEvents(all(request))).outcome).toBe('ignored')

  expect(writes()).toEqual({ aem: 1, akeneo: 0 })
})
