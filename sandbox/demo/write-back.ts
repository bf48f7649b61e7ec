import { WRITE_BACK } from '../build'
import type { EventTrace } from '../events'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { milliseconds, table } from '../print'
import type { Activation } from '../runtime/activation'
import { httpAnswer } from '../runtime/http-answer'
import { duration, expect, type Scene, Unexpected } from './stage'

const PATH = '/content/dam/shop/garden bench.jpg'
const PRODUCT = 'MockSKU 123'
const PROPERTY = 'wknd-photographer'
const ATTRIBUTE = 'Photographer'
const [OLD, NEW] = ['A. Adams', 'D. Arbus']

/** What the action says about an event: what the PIM held when it was asked, and what it was told then. */
type Told = { activation: Activation; held: JsonValue | undefined; told: JsonValue; body: JsonObject }

const toldBy = ({ attempts }: EventTrace): Told => {
  const activation = attempts.at(-1)?.activation
  const answer = activation === undefined ? undefined : httpAnswer(activation)
  const body = answer?.body
  if (activation === undefined || answer?.status !== 200 || !isJsonObject(body))
    throw new Unexpected('the event is answered 200', answer ?? 'no answer within 60 seconds')
  const { assetdata, told = [] } = body
  const product = isJsonObject(assetdata) ? assetdata.pimdata : undefined
  if (!isJsonObject(product)) throw new Unexpected('the answer tells what the PIM holds', body)
  return { activation, held: product[ATTRIBUTE], told, body }
}

const isTold = ({ told }: Told): boolean =>
  JSON.stringify(told) === JSON.stringify([{ product: PRODUCT, attributes: [ATTRIBUTE] }])

const show = (value: JsonValue | undefined): string => (value === undefined ? '(none)' : String(value))

/** A person edits what AEM owns, and the PIM is told. */
export const writeBack: Scene = async ({ sandbox, paint, step, detail, block }) => {
  const { aem } = sandbox
  const events = sandbox.registration(WRITE_BACK)
  const patches = (): number => aem.requests.filter(({ method }) => method === 'PATCH').length
  const before = patches()
  const inStep = { 'wknd-product': PRODUCT, 'wknd-skuid': PRODUCT, 'wknd-suppliername': 'mock-supplier' }
  const assetMetadata = { ...inStep, [PROPERTY]: OLD }
  const { id } = aem.addAsset({ path: PATH, assetMetadata })

  step(`A rule says that AEM owns ${PROPERTY}: "${OLD}" is told to the PIM (here the built-in mock)`)
  detail(
    paint.dim(`owner: 'aem', in sample-config/demo/enrichment.ts; no rule that the app comes with says so`),
  )
  const first = toldBy(await events.deliver(aem.processingCompletedEvent(aem.asset(id))))
  expect(first.held === undefined, `the PIM holds no ${ATTRIBUTE} at first`, show(first.held))
  expect(isTold(first), `the PIM is told ${ATTRIBUTE} of ${PRODUCT}`, first.body)

  step(`A person edits it in AEM; I/O Events delivers "metadata updated"`)
  const [event] = aem.life.edit(id, { [PROPERTY]: NEW })
  if (event === undefined) throw new Unexpected('AEM tells of an edit', 'no event')
  const second = toldBy(await events.deliver(event))
  expect(second.held === OLD, `the PIM holds "${OLD}" until then`, show(second.held))
  expect(isTold(second), `the PIM is told ${ATTRIBUTE} of ${PRODUCT}`, second.body)

  step('The same event is delivered once more')
  const again = toldBy(await events.deliver(event))
  expect(again.held === NEW, `the PIM holds "${NEW}"`, show(again.held))
  expect(
    Array.isArray(again.told) && again.told.length === 0,
    'the PIM is told nothing the second time',
    again.body,
  )
  expect(patches() === before, 'nothing is written to AEM', `${patches() - before} PATCH`)
  detail('Nothing was told: the PIM says already what AEM says. AEM was never written to. At the PIM:')
  block(
    table(
      ['attribute', 'at first', 'before the edit', 'after it'],
      [[ATTRIBUTE, show(first.held), show(second.held), show(again.held)]],
    ),
  )
  return [
    ['the edit, with what the PIM is told', milliseconds(second.activation.durationMs)],
    ['the same event again', duration(again.activation)],
  ]
}
