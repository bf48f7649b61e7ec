import type { CallContext } from '../../core/call-context'
import { chunksOf } from '../../core/chunks'
import { BridgeError, systemicError } from '../../core/errors'
import type { FactValue, Product, ProductChange } from '../../core/product'
import type { Upstream } from '../../http/http-client'
import { reasonIn, saying } from '../../http/reason'
import { type HttpResponse, isOk, refusePage } from '../../http/response'
import { isUnsupported } from '../../http/status'
import { heldValue, isBlank, sameValue } from '../../metadata/values'
import { type RoundResult, refusedUpdate } from '../kit/update-rounds'
import type { ProductValues } from './body-template'
import type { UpdateSettings } from './inputs'
import { refusal, upstreamName } from './refusal'

const productsPerRequest = 50

/** Writes values of products to the service. */
export type RestWriter = {
  /** One round: reads, compares, and sends what differs, once. */
  round(changes: readonly ProductChange[], call: CallContext): Promise<readonly RoundResult[]>
}

/**
 * Creates it.
 * @param parts.read the products by the identifiers that they were asked for with
 * @param parts.upstream sends once: a change is not made twice without a look
 * @param parts.inputs prefix of the inputs
 */
export function createRestWriter(
  settings: UpdateSettings,
  parts: {
    read(identifiers: readonly string[], call: CallContext): Promise<ReadonlyMap<string, Product>>
    upstream: Upstream
    headers: Readonly<Record<string, string>>
    inputs: string
  },
): RestWriter {
  const { method, many, urlFor, body } = settings
  const { inputs } = parts

  return { round }

  async function round(
    changes: readonly ProductChange[],
    call: CallContext,
  ): Promise<readonly RoundResult[]> {
    const wanted = new Map<string, ProductChange['values']>()
    for (const { ref, values } of changes) wanted.set(ref.value, { ...wanted.get(ref.value), ...values })
    const held = wanted.size === 0 ? new Map<string, Product>() : await parts.read([...wanted.keys()], call)
    const results = new Map<string, RoundResult>()
    const due: ProductValues[] = []
    for (const [identifier, values] of wanted) {
      const product = held.get(identifier)
      const different =
        product === undefined
          ? []
          : Object.entries(values).filter(([name, value]) => differs(product, name, value))
      if (product === undefined) results.set(identifier, { kind: 'unknown' })
      else if (different.length === 0) results.set(identifier, { kind: 'unchanged' })
      else due.push({ identifier, values: method === 'PUT' ? values : Object.fromEntries(different) })
    }
    await Promise.all(chunksOf(due, many ? productsPerRequest : 1).map((some) => send(some)))
    return changes.map(({ ref }) => results.get(ref.value) ?? { kind: 'unknown' })

    async function send(products: readonly ProductValues[]): Promise<void> {
      const outcome = await outcomeOf(products, call)
      if (outcome === undefined) {
        // One of them is at fault: the others are not to suffer from it.
        const middle = Math.ceil(products.length / 2)
        await send(products.slice(0, middle))
        await send(products.slice(middle))
        return
      }
      for (const { identifier } of products) results.set(identifier, outcome)
    }
  }

  /** Undefined when several are refused together. */
  async function outcomeOf(
    products: readonly ProductValues[],
    call: CallContext,
  ): Promise<RoundResult | undefined> {
    let response: HttpResponse
    try {
      response = await parts.upstream.request(
        {
          method,
          url: urlFor(products[0]?.identifier ?? ''),
          headers: { accept: 'application/json', 'content-type': 'application/json', ...parts.headers },
          body: body.fill(products),
        },
        call,
      )
      if (isOk(response)) refusePage(upstreamName, response)
    } catch (thrown) {
      // It may have arrived all the same.
      if (!(thrown instanceof BridgeError) || thrown.failureClass !== 'transient') throw thrown
      return { kind: 'again', error: thrown }
    }
    const { status, text } = response
    if (isOk(response)) return { kind: 'updated' }
    if (status === 405 || status === 415 || isUnsupported(status) || (many && status === 404)) {
      throw systemicError(
        'PIM_UPDATE_UNSUPPORTED',
        `the PIM does not take changes so: it answered ${status} to ${method}${saying(text)}; check ${inputs}_UPDATE_URL, ${inputs}_UPDATE_METHOD and ${inputs}_UPDATE_BODY`,
        { upstream: upstreamName, status },
      )
    }
    if (status === 404 || status === 410) return { kind: 'unknown' }
    if (status < 400 || status === 401 || status === 403) throw refusal(response, inputs, 'UPDATE_URL')
    if (products.length > 1) return undefined
    const reason = `the PIM answered ${status}: ${reasonIn(text) || 'no reason given'}`
    return refusedUpdate('PIM_UPDATE_REFUSED', reason)
  }
}

function differs({ attributes }: Product, name: string, value: FactValue): boolean {
  const held = heldValue(attributes, name) ?? null
  return !(isBlank(held) && isBlank(value)) && !sameValue(held, value)
}
