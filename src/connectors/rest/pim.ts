import type { CallContext } from '../../core/call-context'
import { chunksOf } from '../../core/chunks'
import { systemicError } from '../../core/errors'
import { isJsonValue, isRecord, type JsonValue } from '../../core/json'
import { atPointer } from '../../core/json-pointer'
import { shown } from '../../core/shown'
import { createElasticLimit } from '../../http/elastic-limit'
import type { RequestLimit, Upstream } from '../../http/http-client'
import { isOk, jsonBody } from '../../http/response'
import { inputError, prefixed } from '../../plugin/inputs'
import {
  type CheckReport,
  type PimFactory,
  type Product,
  type ProductChange,
  type ProductRef,
  type ProductUpdate,
  pimWith,
} from '../../plugin/pim'
import { checkStep } from '../kit/check-step'
import { inRounds } from '../kit/update-rounds'
import { readRestSettings, restInputs, type UpdateSettings } from './inputs'
import { refusal, upstreamName } from './refusal'
import type { RestWriter } from './update'

/** Any PIM, ERP or product service with a JSON API. What is not given here comes from the `PIM_REST_*` inputs. */
export type RestPimOptions = {
  /**
   * URL of one product, `{identifier}` standing for its identifier (percent-encoded), or of several, with
   * `{identifiers}` standing for up to 50 of them, each percent-encoded, joined by commas. Of several only those
   * that were asked for count.
   * @default input PIM_REST_URL
   */
  url?: string
  /**
   * Where in the answer the product, or the list of products, stands, as a JSON Pointer.
   * @default input PIM_REST_PRODUCT, else the whole answer
   */
  product?: string
  /**
   * Where in the product its identifier stands, as a JSON Pointer. Required with `{identifiers}`.
   * @default input PIM_REST_IDENTIFIER, else the identifier that was asked for
   */
  identifier?: string
  /** Begin of the inputs' names: `PIM_REST` for `PIM_REST_URL` and its like. A second service needs its own. @default 'PIM_REST' */
  inputs?: string
  /** Requests at once per container, at most: it begins with 4, and goes by how the service answers. @default 16 */
  concurrency?: number
}

const identifiersPerRequest = 50
/** What a check asks for. */
const nobody = 'bridge-check'

/** Creates the `rest` communicator. */
export const restPim = ({ inputs = 'PIM_REST', ...options }: RestPimOptions = {}): PimFactory =>
  pimWith({ inputs: prefixed(inputs, restInputs), docs: 'docs/connectors/rest.md' }, (context) => {
    const settings = readRestSettings(options, context, inputs)
    const { concurrency = 16 } = options
    const limit = (): RequestLimit =>
      createElasticLimit({ first: 4, most: concurrency, clock: context.clock })
    const reading = limit()
    const { update } = settings
    // Products may be changed at another host.
    const changing = update?.origin === settings.origin ? reading : limit()
    const upstream: Upstream = context.http.upstream({
      name: upstreamName,
      input: `${inputs}_URL`,
      origins: [settings.origin],
      concurrency,
      shared: reading,
    })

    let pointerHasFit = false
    let writer: RestWriter | undefined

    return {
      name: 'rest',
      ...(settings.many ? {} : { isAskedForEach: true }),
      getProducts,
      check,
      ...(update === undefined
        ? {}
        : { updateProducts: (changes, call) => updateProducts(update, changes, call) }),
    }

    async function updateProducts(
      update: UpdateSettings,
      changes: readonly ProductChange[],
      call: CallContext,
    ): Promise<readonly ProductUpdate[]> {
      writer ??= await startWriter(update)
      const { round } = writer
      return inRounds(changes, call, context.clock, (open) => round(open, call))
    }

    async function startWriter(update: UpdateSettings): Promise<RestWriter> {
      // Most events write nothing to the PIM: they do not load it.
      const { createRestWriter } = await import('./update')
      const once = context.http.upstream({
        name: upstreamName,
        input: `${inputs}_UPDATE_URL`,
        origins: [update.origin],
        concurrency,
        shared: changing,
        maxAttempts: 1,
      })
      return createRestWriter(update, { read: readEach, upstream: once, headers: settings.headers, inputs })
    }

    /** Each by the identifier that it was asked for with. */
    async function readEach(
      asked: readonly string[],
      call: CallContext,
    ): Promise<ReadonlyMap<string, Product>> {
      const found = new Map<string, Product>()
      const read = async (identifiers: readonly string[]): Promise<void> => {
        const products = await fetchProducts(identifiers, call)
        for (const identifier of identifiers) {
          const isIt = (product: Product): boolean =>
            product.identifier.toLowerCase() === identifier.toLowerCase()
          // One that goes by another name in the answer was asked for by a second identifier.
          const only = identifiers.length === 1 && products.length === 1 ? products[0] : undefined
          const product = products.find(isIt) ?? only
          if (product !== undefined) found.set(identifier, product)
        }
      }
      await Promise.all(requestsFor(asked).map(read))
      return found
    }

    async function check(call: CallContext): Promise<CheckReport> {
      const rules = { redactor: context.redactor, hint: `check ${inputs}_URL` }
      const about = { what: `Ask for the product ${nobody}, which is not there.`, right: 'read' } as const
      const ask = async () => {
        const found = await getProducts([{ kind: 'identifier', value: nobody }], call)
        return found.length === 0 || 'it is there'
      }
      return [await checkStep(about, rules, call.signal, ask)]
    }

    async function getProducts(refs: readonly ProductRef[], call: CallContext): Promise<readonly Product[]> {
      const requests = requestsFor([...new Set(refs.map((ref) => ref.value))])
      const answers = await Promise.all(requests.map((asked) => fetchProducts(asked, call)))
      return [...new Map(answers.flat().map((product) => [product.identifier, product])).values()]
    }

    function requestsFor(identifiers: readonly string[]): (readonly string[])[] {
      const askable = identifiers.filter(isAskable)
      // A comma inside an identifier would make it two, percent-encoded or not.
      return settings.many
        ? chunksOf(
            askable.filter((identifier) => !identifier.includes(',')),
            identifiersPerRequest,
          )
        : askable.map((identifier) => [identifier])
    }

    async function fetchProducts(asked: readonly string[], call: CallContext): Promise<readonly Product[]> {
      const response = await upstream.request(
        {
          method: 'GET',
          url: settings.urlFor(asked),
          headers: { accept: 'application/json', ...settings.headers },
        },
        call,
      )
      if (response.status === 404 || response.status === 204 || response.status === 410) return []
      if (!isOk(response)) throw refusal(response, inputs)
      const body = jsonBody(upstreamName, response)
      const found = atPointer(body, settings.product)
      if (found === null) return []
      if (found === undefined) {
        // Once a product stood there, the pointer is right, and this is how the PIM says that it knows none.
        const place = pointerHasFit ? undefined : firstMiss(body, settings.product)
        if (place === undefined) return []
        throw pointerFindsNothing(place)
      }
      if (settings.product === '' && settings.identifier === undefined && isWrapper(found)) {
        throw inputError(
          `${inputs}_PRODUCT is not set, and the whole answer has no value of its own but ${keysOf(found)}: set it to the JSON Pointer of the product in the answer; where this is the product, set ${inputs}_IDENTIFIER`,
        )
      }
      const values: readonly unknown[] = Array.isArray(found) ? found : [found]
      if (values.length > 1 && settings.identifier === undefined) {
        throw systemicError(
          'PIM_UNEXPECTED_ANSWER',
          `the PIM gave several products for one identifier: set ${inputs}_IDENTIFIER to tell them apart`,
          { upstream: upstreamName },
        )
      }
      const products = values.map((value) => toProduct(value, asked))
      if (products.length > 0) pointerHasFit = true
      if (!settings.many) return products
      // A PIM that overlooks the query answers with its whole catalogue: none of that is on the asset.
      const wanted = new Set(asked.map((identifier) => identifier.toLowerCase()))
      return products.filter((product) => wanted.has(product.identifier.toLowerCase()))
    }

    function pointerFindsNothing({ at, value }: Miss): Error {
      return inputError(
        `${inputs}_PRODUCT=${JSON.stringify(settings.product)} finds nothing in an answer with status 200: ${at === '' ? 'the answer' : `what stands at ${shown(at)}`} has ${keysOf(value)}. Set it to the JSON Pointer of the product, or of the list of products; for a product that it does not know the PIM must answer 404, or null or an empty list in that place`,
      )
    }

    function toProduct(value: unknown, asked: readonly string[]): Product {
      if (!isRecord(value)) {
        throw systemicError(
          'PIM_UNEXPECTED_ANSWER',
          `the PIM's answer has no product at ${inputs}_PRODUCT=${JSON.stringify(settings.product)}: set it to the JSON Pointer of an object or a list of objects`,
          { upstream: upstreamName },
        )
      }
      const identifier =
        settings.identifier === undefined ? asked[0] : scalarText(atPointer(value, settings.identifier))
      if (identifier === undefined) {
        throw systemicError(
          'PIM_UNEXPECTED_ANSWER',
          `a product of the PIM's has no text at ${inputs}_IDENTIFIER=${JSON.stringify(settings.identifier)}: set it to the JSON Pointer of the identifier within the product, and ${inputs}_PRODUCT to that of the product; there it has ${keysOf(value)}`,
          { upstream: upstreamName },
        )
      }
      return { identifier, attributes: jsonMembers(value) }
    }
  })

/** Where a pointer leaves the document: the pointer so far, and what stands there. */
type Miss = { at: string; value: unknown }

/** Undefined when nothing stands there that could be the wrong place: nothing at all, or an empty list or object. */
function firstMiss(document: unknown, pointer: string): Miss | undefined {
  const tokens = pointer.split('/')
  let miss: Miss | undefined
  for (let length = 1; length < tokens.length; length++) {
    const at = tokens.slice(0, length).join('/')
    const value = atPointer(document, at)
    if (value === undefined) break
    miss = { at, value }
  }
  const isEmpty =
    miss === undefined ||
    miss.value === null ||
    (typeof miss.value === 'object' && Object.keys(miss.value).length === 0)
  return isEmpty ? undefined : miss
}

/** What is there instead, for a message: bounded, and visible. */
const keysOf = (value: unknown): string => {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (!isRecord(value)) return `no members (it is a ${typeof value})`
  const keys = Object.keys(value)
  const others = keys.length > maxKeys ? ` and ${keys.length - maxKeys} others` : ''
  return `the members ${keys
    .slice(0, maxKeys)
    .map((key) => shown(key, maxKey))
    .join(', ')}${others}`
}
const maxKeys = 10
const maxKey = 60

/** An object of nothing but objects and lists is what products stand in, as a rule. */
const isWrapper = (value: unknown): boolean => {
  const members = isRecord(value) ? Object.values(value) : []
  return members.length > 0 && members.every((member) => typeof member === 'object' && member !== null)
}

/** A URL cannot carry every text: dot segments would name another resource. */
const isAskable = (identifier: string): boolean =>
  identifier !== '' && identifier !== '.' && identifier !== '..' && identifier.isWellFormed()

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function jsonMembers(value: Record<string, unknown>): Record<string, JsonValue> {
  // Not by assignment: a member named __proto__ is a plain name.
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]): [string, JsonValue][] =>
      isJsonValue(member) ? [[name, member]] : [],
    ),
  )
}
