import type { AssetView } from '../aem/author'
import type { Delivery } from '../akeneo/event-delivery'
import { isJsonObject, type JsonObject } from '../json'
import { milliseconds, table } from '../print'
import type { ActivationRecord } from '../runtime/log'
import { expect, type Scene, type Stage, Unexpected } from './stage'

const RECEIVER = 'pim-events'
const WORKER = 'pim-sync'
const SKU = 'LAMP-7'
const ASSET = '/content/dam/shop/desk lamp.jpg'
const PROPERTY = 'wknd-name'
const [OLD, NEW] = ['Desk lamp', 'Desk lamp, dimmable']

const named = (name: string) => ({ name: [{ locale: 'en_US', scope: null, data: name }] })

/** Sends what is due, which must be one event, and is to be answered 200. */
const sendOne = async ({ sandbox: { pimEvents } }: Stage): Promise<{ delivery: Delivery; ms: number }> => {
  const begin = performance.now()
  const [delivery, ...others] = await pimEvents.delivery.deliverDue()
  const ms = performance.now() - begin
  expect(delivery !== undefined && others.length === 0, 'there is one event to send', others.length)
  if (delivery?.state === 'delivered') return { delivery, ms }
  throw new Unexpected('the event is answered 200 within five seconds', delivery?.attempts)
}

/** What the newest activation of the worker says about its work. */
const reportOf = (records: readonly ActivationRecord[]): JsonObject => {
  const { result } = records.at(-1)?.response ?? {}
  const body = isJsonObject(result) ? result.body : undefined
  if (isJsonObject(body)) return body
  throw new Unexpected(`${WORKER} reports what it did`, result)
}

const nameOf = (asset: AssetView): string => String(asset.assetMetadata[PROPERTY] ?? '(none)')

/** A product changes in the PIM, and the asset that shows it follows. */
export const productChange: Scene = async (stage) => {
  const { sandbox, step, detail, block } = stage
  const { aem, akeneo, runtime, pimEvents } = sandbox
  // it was there before anybody subscribed
  pimEvents.delivery.settings.lose = 1
  akeneo.catalogue.setProduct(SKU, { values: named(OLD) })
  const { id } = aem.addAsset({
    path: ASSET,
    assetMetadata: { 'wknd-skuid': SKU, [PROPERTY]: OLD },
  })
  const before = aem.asset(id)
  const runs = runtime.activations(WORKER).length
  const started = (): number => runtime.activations(WORKER).length - runs

  step(`In the PIM (here Akeneo), the product ${SKU} gets another name`)
  akeneo.catalogue.setProduct(SKU, { values: named(NEW) })
  detail(`${ASSET} shows it; its metadata has the old name.`)

  step(`The Event Platform sends a signed event to ${RECEIVER}, which starts ${WORKER}`)
  const first = await sendOne(stage)
  detail(
    `Answered 200 after ${milliseconds(first.ms)}; ${WORKER} asks the PIM by itself, and finds the asset:`,
  )
  await runtime.idle()
  expect(started() === 1, `${WORKER} runs once`, `${started()} times`)
  const report = reportOf(runtime.activations(WORKER))
  const after = aem.asset(id)
  expect(report.updated === 1, 'one asset is updated', report)
  expect(nameOf(after) === NEW, `${PROPERTY} is "${NEW}"`, nameOf(after))
  block(table(['property', 'before', 'after'], [[PROPERTY, nameOf(before), nameOf(after)]]))

  step('The Event Platform sends the same event once more, as it may')
  pimEvents.delivery.repeat(first.delivery)
  await sendOne(stage)
  await runtime.idle()
  expect(started() === 2, `${WORKER} runs again`, `${started()} runs`)
  expect(aem.asset(id).etag === after.etag, 'the asset stays as it is', aem.asset(id).etag)
  detail('Nothing was written: the asset says already what the PIM says.')

  step('A stranger sends an event that nobody signed')
  const url = pimEvents.platform.subscriptions()[0]?.url ?? ''
  const stranger = await fetch(url, { method: 'POST', body: JSON.stringify(first.delivery.event) })
  await runtime.idle()
  expect(stranger.status === 401, 'it is refused with 401', stranger.status)
  expect(started() === 2, `${WORKER} is not started`, `${started()} runs`)
  detail('It is refused with 401, and nothing is started.')

  const [first_, again] = runtime.activations(WORKER).slice(-2)
  return [
    ['the event of the PIM, cold', milliseconds(first.ms)],
    [
      `${WORKER}, cold, and again`,
      `${milliseconds(first_?.duration ?? 0)}, ${milliseconds(again?.duration ?? 0)}`,
    ],
    ['requests to Akeneo', `${akeneo.requests.length}`],
  ]
}
