import { main as exportAsset } from '../../actions/export-asset/index'
import { foreignEvents } from '../../sandbox/foreign-events'
import type { JsonObject } from '../../sandbox/json'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const invokeWith = {
  generic: (event: JsonObject) => receiver.invoke(event),
  'export-asset': (event: JsonObject) =>
    exportAsset({ ...receiver.sandbox.inputs(), LOG_LEVEL: 'error', ...event }),
} as const

describe.each(['generic', 'export-asset'] as const)('%s', (action) => {
  test.each(Object.entries(foreignEvents()))(
    'acknowledges an event that is for others, and keeps no dead letter of it: %s',
    async (_, event) => {
      const before = receiver.sandbox.aem.requests.length
      const body = bodyOf(await invokeWith[action](event))
      expect(body).toMatchObject({ outcome: 'ignored', reason: expect.stringMatching(/^it is about/) })
      expect(await receiver.deadLetters()).toEqual([])
      expect(receiver.sandbox.aem.requests).toHaveLength(before)
    },
  )

  test('acknowledges what the event proxy tells of creations and updates', async () => {
    const { aem } = receiver.sandbox
    const asset = aem.addAsset({ path: `/content/dam/shop/${action}.png` })
    const events = [
      aem.xdmEvent('created', asset),
      aem.xdmEvent('updated', asset),
      aem.xdmEvent('updated', asset, {}, 'adobe_io'),
    ]
    for (const event of events)
      expect(bodyOf(await invokeWith[action](event))).toMatchObject({
        outcome: 'ignored',
        reason: expect.stringMatching(/^the /),
      })
    expect(await receiver.deadLetters()).toEqual([])
  })
})

test('several at once, one of them ours, each get their answer', async () => {
  const { aem } = receiver.sandbox
  const asset = aem.addAsset({ path: '/content/dam/shop/among.png', assetMetadata: { 'dc:title': 'x' } })
  const others = Object.values(foreignEvents())
  const answer = await receiver.invoke({ events: [...others, aem.processingCompletedEvent(asset)] })
  const outcomes = Object.values(bodyOf(answer)).map((one) => Object(one).outcome)
  expect(outcomes.slice(0, -1)).toEqual(others.map(() => 'ignored'))
  expect(outcomes.at(-1)).not.toBe('ignored')
})
