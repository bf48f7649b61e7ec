import type { CallContext } from '../../core/call-context'
import { systemicError } from '../../core/errors'
import { uuidPattern } from '../../core/uuid'
import { prefixed } from '../../plugin/inputs'
import {
  type CheckReport,
  type PimFactory,
  type Product,
  type ProductChange,
  type ProductPage,
  type ProductRef,
  type ProductUpdate,
  pimWith,
} from '../../plugin/pim'
import { checkStep } from '../kit/check-step'
import { accountOf } from './account'
import { createAkeneoCalls } from './calls'
import { createAkeneoCatalogue } from './catalogue/catalogue'
import { overdueRefs } from './catalogue/overdue'
import { type AkeneoProduct, createProductReader } from './catalogue/products'
import { createProductSearch } from './catalogue/search'
import type { Selection } from './catalogue/selection'
import { createAkeneoClient } from './client'
import { upstreamName } from './errors'
import { connectionInputs, productFields, readAkeneoSettings, selectionInputs } from './inputs'
import { isIdentifier, lowerCase } from './names'
import type { ProductWriter } from './write/writer'

/** What of Akeneo PIM is a matter of code rather than of an installation; the rest are the `AKENEO_*` inputs. */
export type AkeneoPimOptions = {
  /** Begin of the inputs' names: `AKENEO` for `AKENEO_URL` and its like. A second PIM needs its own. @default 'AKENEO' */
  inputs?: string
  /** What becomes of a select's options: their labels, or their codes. @default 'labels' */
  options?: 'labels' | 'codes'
  /**
   * What becomes of a reference entity's records: their labels, which cost a call each in ten minutes and the
   * permission "List reference entity records", or their codes. @default 'codes'
   */
  records?: 'labels' | 'codes'
  /**
   * Whether a localizable attribute also comes once for each wanted locale that has a value, as `name-de_DE`: for
   * properties of their own. @default false
   */
  perLocale?: boolean
  /** Requests at once per container, 1 to 4; Akeneo allows 4 to a connection, wherever they come from. @default 4 */
  concurrency?: 1 | 2 | 3 | 4
  /**
   * How far a poll goes back before the begin of the one before, in milliseconds: for clocks that differ, and for
   * changes that the search finds late. Add the offset of a PIM that stands west of UTC. @default 10 minutes
   */
  overlapMs?: number
}

/** Creates the `akeneo` communicator. */
export const akeneoPim = ({ inputs = 'AKENEO', ...pimOptions }: AkeneoPimOptions = {}): PimFactory =>
  pimWith(aboutAkeneo(inputs), (context) => {
    const {
      options = 'labels',
      records = 'codes',
      perLocale = false,
      concurrency = 4,
      overlapMs = 10 * 60_000,
    } = pimOptions
    const { clock } = context
    const settings = readAkeneoSettings(context, inputs)
    const { origin } = settings
    const account = accountOf(settings, context)
    const upstreamOptions = {
      name: upstreamName,
      input: `${inputs}_URL`,
      origins: [origin],
      concurrency,
      shared: account.calls,
    }
    const upstream = context.http.upstream({
      ...upstreamOptions,
      maxAttempts: 6,
      // A 429 need not say how long to wait.
      backoff: { baseMs: 500, capMs: 8_000 },
    })
    const client = createAkeneoClient(settings, { upstream, account })
    const catalogue = createAkeneoCatalogue(settings, { client, clock })
    const search = createProductSearch(settings, { client, options })
    const reader = createProductReader(settings, { catalogue, options, records, perLocale })

    let writer: ProductWriter | undefined

    return {
      name: 'akeneo',
      source: origin,
      getProducts,
      updateProducts,
      changesSince,
      unknownAttributes,
      // With names for each locale it is not known which attributes have locales.
      knownAttributes: () => (perLocale ? [] : (settings.attributes ?? [])),
      check,
    }

    async function getProducts(refs: readonly ProductRef[], call: CallContext): Promise<readonly Product[]> {
      const valuesOf = (kind: ProductRef['kind']): string[] => [
        ...new Set(refs.filter((ref) => ref.kind === kind).map((ref) => ref.value)),
      ]
      const identifiers = valuesOf('identifier').filter(isIdentifier)
      // A product without an identifier goes by its uuid, in links, too.
      const uuids = [...valuesOf('uuid'), ...identifiers].filter((value) => uuidPattern.test(value))
      const models = valuesOf('model').filter(isIdentifier)
      if (identifiers.length + uuids.length + models.length === 0) return []

      const selection = await catalogue.selection(call)
      const read = async (items: Promise<readonly unknown[]>) => reader.read(await items, selection, call)
      const [named, numbered, ...variants] = await Promise.all([
        read(search.byIdentifiers(identifiers, selection, call)),
        read(search.byUuids([...new Set(uuids.map(lowerCase))], selection, call)),
        ...models.map((model) => read(search.variantsOf(model, selection, call))),
      ])
      // A search that is overlooked answers with the whole catalogue: none of that is on the asset.
      const names = new Set(identifiers.map(lowerCase))
      const numbers = new Set(uuids.map(lowerCase))
      const found = [
        ...named.filter(({ identifier }) => names.has(lowerCase(identifier))),
        ...numbered.filter(({ uuid }) => uuid !== undefined && numbers.has(lowerCase(uuid))),
        ...variants.flat(),
      ]
      const readable = refs.filter(({ kind, value }) =>
        kind === 'uuid' ? uuidPattern.test(value) : isIdentifier(value),
      )
      const overdue = overdueRefs(readable, found, clock.now())
      // The last one of a name counts.
      return distinct([...found, ...(await readAnew(overdue, selection, call))])
    }

    async function updateProducts(
      changes: readonly ProductChange[],
      call: CallContext,
    ): Promise<readonly ProductUpdate[]> {
      writer ??= await startWriter()
      return writer.update(changes, call)
    }

    async function startWriter(): Promise<ProductWriter> {
      // Most events write nothing to the PIM: they do not load it.
      const { createProductWriter } = await import('./write/writer')
      // A hundred products in a call take Akeneo longer than an answer does.
      const once = context.http.upstream({ ...upstreamOptions, maxAttempts: 1, attemptTimeoutMs: 60_000 })
      const { send } = createAkeneoCalls(origin, { name: upstreamName, upstream: once, account })
      return createProductWriter(settings, { client, catalogue, search, send, clock })
    }

    async function readAnew(
      refs: readonly ProductRef[],
      selection: Selection,
      call: CallContext,
    ): Promise<readonly AkeneoProduct[]> {
      const items = await Promise.all(
        refs.map(({ kind, value }) =>
          search.one(kind === 'uuid' ? { uuid: lowerCase(value) } : { identifier: value }, call),
        ),
      )
      // A search for one channel brings no locales but those of that channel.
      const own = selection.channels.length === 1 ? { ...selection, otherLocales: false } : selection
      return reader.read(
        items.filter((item) => item !== undefined),
        own,
        call,
      )
    }

    async function unknownAttributes(
      names: readonly string[],
      call: CallContext,
    ): Promise<readonly string[]> {
      const { attributes, fields } = settings
      const codeOf = (name: string): string => (perLocale ? name.replace(/-[a-z]{2,3}_[\w]+$/i, '') : name)
      const codes = [...new Set(names.map(codeOf))].filter((code) => /^\w+$/.test(code))
      const types = codes.length === 0 ? new Map() : await catalogue.types(codes, call)
      return names.filter((name) => {
        const code = codeOf(name)
        const isField = productFields.some((field) => field === code)
        if (isField) return !fields.some((field) => field === code)
        return !types.has(code) || (attributes !== undefined && !attributes.includes(code))
      })
    }

    async function check(call: CallContext): Promise<CheckReport> {
      const rules = { redactor: context.redactor, hint: `check ${settings.inputs}_URL` }
      const about = { what: 'Log in, and read one product.', right: 'read' } as const
      const readOne = async () => {
        const selection = await catalogue.selection(call)
        const products = await reader.read(await search.first(selection, call), selection, call)
        return products.length > 0 || 'Akeneo shows no product to this user'
      }
      return [await checkStep(about, rules, call.signal, readOne)]
    }

    async function* changesSince(cursor: string | undefined, call: CallContext): AsyncGenerator<ProductPage> {
      const place = readCursor(cursor)
      const started = place.started ?? clock.now()
      const selection = await catalogue.selection(call)
      for await (const { items, next } of search.changedSince(place.since, place.after, selection, call)) {
        const products = distinct(await reader.read(items, selection, call))
        const after = next?.search_after
        yield {
          products,
          cursor:
            after === undefined
              ? new Date(started - overlapMs).toISOString()
              : writeCursor({ ...place, started, after }),
        }
      }
    }
  })

const aboutAkeneo = (inputs: string) => ({
  inputs: prefixed(inputs, { ...connectionInputs, ...selectionInputs }),
  docs: 'docs/connectors/akeneo.md',
})

function distinct(products: readonly AkeneoProduct[]): readonly Product[] {
  const found = new Map(products.map((product) => [product.uuid ?? product.identifier, product]))
  return [...found.values()].map(({ updatedAt: _, ...product }) => product)
}

/** Where a poll stands: what it looks for, when it began, and what came last. */
type Place = { since: number | undefined; started: number | undefined; after: string | undefined }

const everything = 'all'

const writeCursor = ({ since, started, after }: Place & { started: number }): string =>
  [
    since === undefined ? everything : new Date(since).toISOString(),
    new Date(started).toISOString(),
    after,
  ].join(' ')

/** An instant by itself begins a poll of what has changed since. */
function readCursor(cursor: string | undefined): Place {
  if (cursor === undefined) return { since: undefined, started: undefined, after: undefined }
  const [since = '', started, ...after] = cursor.split(' ')
  const place = {
    since: since === everything ? undefined : Date.parse(since),
    started: started === undefined ? undefined : Date.parse(started),
    after: started === undefined ? undefined : after.join(' '),
  }
  if (Number.isNaN(place.since) || Number.isNaN(place.started) || place.after === '') {
    throw systemicError(
      'PIM_CURSOR_INVALID',
      'the cursor of the poll cannot be read as one of Akeneo: give an instant such as 2030-01-02T03:04:05Z, or none to read all products',
      { upstream: upstreamName },
    )
  }
  return place
}
