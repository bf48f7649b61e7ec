import type { AkeneoValues } from './akeneo/catalogue'
import { isJsonObject, type JsonValue } from './json'
import type { Sandbox } from './sandbox'
import { type Answer, json, type RecordedRequest } from './server'

const HELP = 'Give it as ?sku=<identifier>&<attribute>=<value>, percent-encoded.'
const NOBODY =
  'Nobody was told: no subscription is active. npm run bridge -- akeneo subscribe makes or resumes one.'

const help = (status: number, error: string): Answer => json(status, { error })

/** What the activations that began since `after` report of their work. */
const reportsOf = ({ runtime }: Sandbox, action: string, after: number): JsonValue[] =>
  runtime
    .activations(action)
    .slice(after)
    .map(({ response: { result } }) => (isJsonObject(result) ? (result.body ?? result) : result))

/**
 * Changes a product in the PIM as a person does there, sends the event, and waits for what the app makes of it. Its
 * errors say what to do.
 */
export const changeProduct = async (sandbox: Sandbox, request: RecordedRequest): Promise<Answer> => {
  const { akeneo, pimEvents, runtime, clock } = sandbox
  const { sku = '', ...attributes } = request.query
  if (sku === '' || Object.keys(attributes).length === 0)
    return help(400, `The SKU or what is to change is missing. ${HELP}`)
  const { catalogue } = akeneo
  const known = catalogue.bySku(sku)
  const values: Record<string, AkeneoValues[string]> = { ...known?.values }
  for (const [code, data] of Object.entries(attributes)) {
    const attribute = catalogue.attributes.get(code)
    const texts = [...catalogue.attributes.values()].filter(({ type }) => /_text(area)?$/.test(type))
    if (attribute === undefined || !texts.includes(attribute)) {
      const names = texts.map((it) => it.code).join(', ')
      return help(422, `Akeneo has no text attribute ${code}. There are: ${names}`)
    }
    const locale = attribute.localizable ? 'en_US' : null
    values[code] = [{ locale, scope: attribute.scopable ? 'ecommerce' : null, data }]
  }
  let uuid: string
  try {
    uuid = catalogue.setProduct(sku, { ...known, values, updated: clock.now() }).uuid
  } catch (error) {
    return help(422, error instanceof Error ? error.message : String(error))
  }
  const runs = runtime.activations('pim-sync').length
  const sent = await pimEvents.delivery.deliverDue()
  await runtime.idle()
  return json(known === undefined ? 201 : 200, {
    sku,
    uuid,
    events: sent.map(({ event, state, attempts }) => ({
      type: event.type,
      state,
      answer: attempts.at(-1)?.outcome ?? null,
    })),
    ...(pimEvents.platform.subscriptions().some(({ status }) => status === 'active') ? {} : { note: NOBODY }),
    'pim-sync': reportsOf(sandbox, 'pim-sync', runs),
  })
}
