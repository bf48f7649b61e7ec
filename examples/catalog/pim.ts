import { checkStep } from '../../src/connectors/kit/check-step'
import type { CallContext } from '../../src/core/call-context'
import { permanentError, systemicError, transientError } from '../../src/core/errors'
import { isJsonValue, isRecord } from '../../src/core/json'
import { type HttpResponse, isOk, jsonBody } from '../../src/http/response'
import { prefixed, valuesOf } from '../../src/plugin/inputs'
import {
  type CheckReport,
  type PimFactory,
  type Product,
  type ProductRef,
  pimWith,
} from '../../src/plugin/pim'
import { catalogInputs } from './inputs'

/** What can be set in config/enrichment.ts. */
export type CatalogOptions = {
  /** Begin of the inputs' names. A second one needs its own. @default 'CATALOG' */
  inputs?: string
}

const upstreamName = 'CATALOG'
/** As many as the PIM answers at once. */
const productsPerRequest = 50
const nobody: ProductRef = { kind: 'identifier', value: 'bridge-check' }

/** Creates the `catalog` communicator: `GET /search?sku=<sku>,<sku>` answers `{ items: [{ sku, ... }] }`. */
export const catalogPim = ({ inputs = 'CATALOG' }: CatalogOptions = {}): PimFactory =>
  pimWith({ inputs: prefixed(inputs, catalogInputs), docs: 'docs/connectors/catalog.md' }, (context) => {
    const { URL: base, API_KEY: key } = valuesOf(catalogInputs, context, { prefix: inputs })
    const catalog = context.http.upstream({ name: upstreamName, origins: [base], concurrency: 4 })

    return { name: 'catalog', getProducts, check }

    async function getProducts(refs: readonly ProductRef[], call: CallContext): Promise<readonly Product[]> {
      // A comma would end a SKU in the query.
      const skus = [...new Set(refs.map(({ value }) => value))].filter(
        (sku) => sku.isWellFormed() && !sku.includes(','),
      )
      const found: Product[] = []
      for (let from = 0; from < skus.length; from += productsPerRequest) {
        const wanted = skus.slice(from, from + productsPerRequest)
        const products = await search(wanted, call)
        // Another product than those that were asked for would be written to the wrong asset.
        found.push(...products.filter(({ identifier }) => wanted.includes(identifier)))
      }
      return found
    }

    async function search(skus: readonly string[], call: CallContext): Promise<readonly Product[]> {
      const url = `${base}/search?sku=${skus.map(encodeURIComponent).join(',')}`
      const response = await catalog.request({ method: 'GET', url, headers: { 'x-api-key': key } }, call)
      if (response.status === 404) return []
      if (!isOk(response)) throw refused(response)
      const answer = jsonBody(upstreamName, response)
      if (!isRecord(answer) || !Array.isArray(answer.items))
        throw transientError('CATALOG_ANSWER_INVALID', 'the PIM answered without a list of items')
      return answer.items.flatMap(toProduct)
    }

    function refused({ status }: HttpResponse) {
      if (status === 401)
        return systemicError('CATALOG_UNAUTHORIZED', `the PIM answered 401: check ${inputs}_API_KEY`)
      if (status === 403)
        return systemicError(
          'CATALOG_FORBIDDEN',
          `the PIM answered 403: check the rights of ${inputs}_API_KEY`,
        )
      return permanentError('CATALOG_REFUSED', `the PIM answered ${status}`)
    }

    async function check(call: CallContext): Promise<CheckReport> {
      const rules = { redactor: context.redactor, hint: `check ${inputs}_URL` }
      const about = {
        what: `Ask for the product ${nobody.value}, which is not there.`,
        right: 'read',
      } as const
      return [await checkStep(about, rules, call.signal, () => getProducts([nobody], call))]
    }
  })

function toProduct(item: unknown): readonly Product[] {
  if (!isRecord(item)) return []
  const { sku, ...attributes } = item
  return typeof sku === 'string' && isJsonValue(attributes) && isRecord(attributes)
    ? [{ identifier: sku, attributes }]
    : []
}
