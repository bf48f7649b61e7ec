import { isDeepStrictEqual } from 'node:util'
import type { MovableClock } from '../clock'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json'
import type { Answer, RecordedRequest } from '../server'
import type { AssetManager } from './asset-families'
import type { AkeneoModel, AkeneoProduct, AkeneoValue, AkeneoValues, Catalogue } from './catalogue'
import { checkValues, readValues } from './product-values'
import { Refused } from './refusal'
import type { AkeneoSettings, Route } from './route'

const MOST_LINES = 100
const LONGEST_LINE = 1_000_000
const COLLECTION = 'application/vnd.akeneo.collection+json'
const PERMISSION = 'Create and update products'

type Parts = { catalogue: Catalogue; manager: AssetManager; clock: MovableClock; settings: AkeneoSettings }
type Values = Record<string, AkeneoValue[]>

/** Writes values of products and models, as Akeneo checks and merges them. */
export type ProductWrites = {
  /** Creates the product when there is none. */
  setBySku(sku: string, values: Values): 'created' | 'updated'
}

const merged = (held: AkeneoValues, given: Values): AkeneoValues => {
  const same = (a: AkeneoValue, b: AkeneoValue): boolean => a.locale === b.locale && a.scope === b.scope
  const result: Record<string, readonly AkeneoValue[]> = { ...held }
  for (const [code, entries] of Object.entries(given)) {
    const kept = (result[code] ?? []).filter((one) => !entries.some((it) => same(it, one)))
    const now = [...kept, ...entries.filter(({ data }) => data !== null)]
    if (now.length > 0) result[code] = now
    else delete result[code]
  }
  return result
}

const createWrites = (parts: Parts) => {
  const { catalogue, clock, settings } = parts

  /** An attribute belongs to one level of a family variant; without one, to the model that has a value. */
  const checkLevel = (
    held: AkeneoProduct | AkeneoModel,
    level: 'product' | 'model',
    values: Values,
  ): void => {
    const above = catalogue.ancestors(held)
    const own = level === 'model' && 'code' in held ? held : catalogue.models.get(above[0] ?? '')
    const variant = catalogue.familyVariants.get(own?.family ?? '')?.get(own?.familyVariant ?? '')
    const mine = level === 'product' ? (variant?.length ?? 0) : above.length
    const levelOf = (code: string): number => (variant?.findIndex((codes) => codes.includes(code)) ?? -1) + 1
    const strange = Object.keys(values).find((code) =>
      variant === undefined
        ? above.some((model) => Object.hasOwn(catalogue.models.get(model)?.values ?? {}, code))
        : levelOf(code) !== mine,
    )
    if (strange === undefined) return
    const message = `Cannot set the property "${strange}" to this entity as it is not in the attribute set`
    throw new Refused(422, message, [{ property: 'attribute', message }])
  }

  const setProduct = (
    held: AkeneoProduct | undefined,
    values: Values,
    save: (product: Partial<AkeneoProduct>) => void,
  ): 'created' | 'updated' => {
    checkValues(values, parts)
    if (held !== undefined) checkLevel(held, 'product', values)
    // What the user does not own becomes a proposal: the product stays as it is.
    if (held !== undefined && settings.notOwned.has(held.uuid)) return 'updated'
    const now = merged(held?.values ?? {}, values)
    if (held === undefined || !isDeepStrictEqual(held.values, now))
      save({ ...held, values: now, updated: clock.now() })
    return held === undefined ? 'created' : 'updated'
  }

  return {
    setBySku: (sku: string, values: Values) =>
      setProduct(catalogue.bySku(sku), values, (product) => catalogue.setProduct(sku, product)),
    setByUuid: (uuid: string, values: Values) => {
      const held = catalogue.products.get(uuid.toLowerCase())
      const sku = held && catalogue.skuOf(held)
      return setProduct(held, values, (product) =>
        sku === undefined
          ? catalogue.addProductWithoutSku({ uuid: uuid.toLowerCase(), ...product })
          : catalogue.setProduct(sku, product),
      )
    },
    setModel: (code: string, values: Values): 'updated' => {
      const held = catalogue.models.get(code)
      if (held === undefined) throw new Refused(422, 'Property "family_variant" is missing.')
      checkValues(values, parts)
      checkLevel(held, 'model', values)
      const now = merged(held.values, values)
      if (!isDeepStrictEqual(held.values, now))
        catalogue.setModel(code, { ...held, values: now, updated: clock.now() })
      return 'updated'
    },
  }
}

/**
 * The calls that update several products or models, one JSON object a line, and their answers, a line each. The answer
 * is 200 whatever became of the lines.
 */
export const createProductWrites = (parts: Parts): ProductWrites & { routes: readonly Route[] } => {
  const { settings } = parts
  const writes = createWrites(parts)

  const lineAnswer = (
    line: string,
    number: number,
    name: string,
    set: (value: string, values: Values) => 'created' | 'updated',
  ): JsonObject | undefined => {
    if (line.length > LONGEST_LINE) return { line: number, status_code: 413, message: 'Line is too long.' }
    const item: JsonValue | undefined = parseJson(line)
    if (!isJsonObject(item))
      return { line: number, status_code: 400, message: 'Invalid json message received' }
    const value = item[name]
    if (typeof value !== 'string' || value === '')
      return { line: number, status_code: 422, message: `${name} is missing.` }
    const about = { line: number, [name]: value }
    const fault = settings.lineFault?.(value)
    if (typeof fault === 'number') return { ...about, status_code: fault, message: 'Injected fault' }
    try {
      const outcome = set(value, readValues(item.values ?? {}))
      return fault === 'unsaid' ? undefined : { ...about, status_code: outcome === 'created' ? 201 : 204 }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { status, message, errors } = error
      return errors === undefined
        ? { ...about, status_code: status, message }
        : { ...about, status_code: status, message: 'Validation failed.', errors }
    }
  }

  const several =
    (name: string, set: (value: string, values: Values) => 'created' | 'updated') =>
    (request: RecordedRequest): Answer => {
      const lines = request.body.split('\n').filter((line) => line.trim() !== '')
      if (lines.length > MOST_LINES)
        throw new Refused(413, 'Too many resources to process, 100 is the maximum allowed.')
      const answers = lines.flatMap((line, index) => lineAnswer(line, index + 1, name, set) ?? [])
      return {
        status: 200,
        headers: { 'content-type': COLLECTION },
        body: answers.map((answer) => JSON.stringify(answer)).join('\n'),
      }
    }
  const route = (path: string, answer: Route['answer'], lacking: Route['lacking'] = []): Route => ({
    pattern: new RegExp(`^/api/rest/v1/${path}$`),
    method: 'PATCH',
    permission: PERMISSION,
    contentType: COLLECTION,
    lacking,
    answer,
  })

  return {
    setBySku: writes.setBySku,
    routes: [
      route('products-uuid', several('uuid', writes.setByUuid), ['6.0']),
      route('products', several('identifier', writes.setBySku)),
      route('product-models', several('code', writes.setModel)),
    ],
  }
}
