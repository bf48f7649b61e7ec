import type { JsonObject } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import type { AkeneoProduct, Catalogue } from './catalogue'
import { Refused } from './refusal'
import type { SearchRules } from './search'

/** What differs between installations, and what public sources leave open; may be changed at any time. */
export type AkeneoSettings = Pick<SearchRules, 'unknownParent' | 'ignoreCase'> & {
  /**
   * `saas` has uuids, the POST search, and types in its values; `7.0` has uuids only; `6.0` has identifiers only.
   */
  edition: 'saas' | '7.0' | '6.0'
  /** Web API permissions of the connection's role. */
  permissions: Set<string>
  /** Seconds in Retry-After of a 429; absent as a rule. */
  retryAfter: number | undefined
  /** What links begin with, when the PIM stands behind a proxy that it does not know of. */
  linkBase: string | undefined
  /** Leaves labels of options out even when asked for, as versions before 5.0 do. */
  withoutLinkedData: boolean
  /** Whether the edition has the Asset Manager. */
  assetManager: boolean
  /** The most that the web server in front of the PIM lets through. */
  maxUploadBytes: number
  /**
   * What the search still has of a product, by uuid: an older state, be the product deleted meanwhile, or nothing.
   * Reading it by name does not lag.
   */
  lagging: Map<string, AkeneoProduct | undefined>
  /** Products that the user may only propose changes of, by uuid. */
  notOwned: Set<string>
  /**
   * What goes wrong with a line of a call that updates several, by its uuid, identifier or code: a status without any
   * effect, or no line in the answer although it took effect.
   */
  lineFault: ((name: string) => number | 'unsaid' | undefined) | undefined
  /** Runs within each call of the REST API: what it waits for counts as being under way. */
  duringCall: (() => Promise<void>) | undefined
}

/** One call of the REST API. */
export type Route = {
  pattern: RegExp
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  permission: string
  /** @default application/json */
  contentType?: string
  /** Editions that lack it. */
  lacking?: readonly AkeneoSettings['edition'][]
  answer(request: RecordedRequest, codes: readonly string[]): Answer
}

/** What routes that read are made of. */
export type ReadingParts = {
  catalogue: Catalogue
  settings: AkeneoSettings
  /** What links begin with. */
  linkBase: () => string
}

/** What every path of the REST API begins with. */
export const rest = '/api/rest/v1'

/** The refusal of what is not there. */
export const missing = (what: string, code: string): Refused =>
  new Refused(404, `${what} "${code}" does not exist or you do not have permission to access it.`)

/** Answers with the thing of a code. */
export const one =
  (what: string, find: (code: string) => JsonObject | undefined): Route['answer'] =>
  (_, [code = '']) => {
    const found = find(code)
    if (found === undefined) throw missing(what, code)
    return json(200, found)
  }

/** A route that reads; each `*` of the path is a code. */
export const readingRoute = (
  path: string,
  permission: string,
  answer: Route['answer'],
  more: Partial<Pick<Route, 'method' | 'lacking'>> = {},
): Route => {
  const pattern = new RegExp(`^${rest}/${path.replaceAll('*', '([^/]+)')}$`)
  return { pattern, method: 'GET', permission, answer, ...more }
}
