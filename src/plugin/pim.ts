import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import type { Product, ProductRef } from '../core/product'
import type { HttpClient } from '../http/http-client'
import type { InputAccess, InputDeclarations } from './inputs'

export type { Product, ProductRef } from '../core/product'

/**
 * The contract of a PIM. `src/connectors/<vendor>/pim.ts` implements it, `config/enrichment.ts` names it.
 */
export type PimCommunicator = {
  /** What kind of PIM it is, such as `akeneo`. With `source` it names the cursor of a poll, so it must not change. */
  name: string
  /** Identifies the PIM, such as its origin: a cursor of another PIM is not used. */
  source?: string
  /**
   * The products behind the references, in as few calls as the PIM allows. An unknown one is absent, never an
   * error. A model answers with its variants.
   * @throws {BridgeError} systemic when the PIM refuses the credentials, transient when it does not answer
   * properly, permanent when it will never answer these references. Anything else counts as transient.
   * @param call its signal, its deadline and its log; hand it to the HTTP client
   */
  getProducts(refs: readonly ProductRef[], call: CallContext): Promise<readonly Product[]>
  /**
   * Pages of products changed since a cursor, for polling; without one all products. A product whose model changed
   * comes, too. A product can come more than once, deleted ones do not come.
   * @param cursor what the last page that was dealt with brought; or an instant to begin with, in ISO 8601
   * @throws {BridgeError} as `getProducts`; systemic, `PIM_CURSOR_INVALID`, for a cursor of another program's
   */
  changesSince?(cursor: string | undefined, call: CallContext): AsyncIterable<ProductPage>
  /**
   * Of the attributes that the mapping names, those that the PIM does not have or does not give, for a warning.
   * @throws {BridgeError} as `getProducts`, and when this cannot be known
   */
  unknownAttributes?(names: readonly string[], call: CallContext): Promise<readonly string[]>
}

/** Some of the changed products. */
export type ProductPage = {
  products: readonly Product[]
  /** The cursor behind this page, for this run or a later one. */
  cursor: string
}

/** What a communicator is built from. */
export type PimContext = InputAccess & {
  /** The key in config/enrichment.ts, as `PIM_COMMUNICATOR` names it. */
  name: string
  http: HttpClient
  clock: Clock
}

/** Builds a communicator; called once per container, on the first event that needs the PIM. */
export type PimFactory = ((context: PimContext) => PimCommunicator) & {
  /** The inputs that it reads, by whole names. */
  inputs?: InputDeclarations
  /** Its page in the docs, such as `docs/connectors/rest.md`. */
  docs?: string
}

/** A factory with the inputs that it reads: declared here, they are bound, described and masked. */
export const pimWith = (
  about: { inputs: InputDeclarations; docs?: string },
  create: (context: PimContext) => PimCommunicator,
): PimFactory => Object.assign(create, about)
