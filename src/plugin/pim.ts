import type { CallContext } from '../core/call-context'
import type { Clock } from '../core/clock'
import type { Product, ProductChange, ProductRef, ProductUpdate } from '../core/product'
import type { HttpClient } from '../http/http-client'
import type { CheckReport } from './check'
import type { InputAccess, InputDeclarations } from './inputs'

export type { FactValue, Product, ProductChange, ProductRef, ProductUpdate } from '../core/product'
export type { CheckReport, Finding, Right } from './check'

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
   * Set where a product may have another identifier than the one that was asked for. In one call for several assets nobody
   * could tell whose it is, so each asset has a call of its own.
   */
  isAskedForEach?: true
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
  /**
   * For a PIM whose products leave out attributes without a value: those that it is known to have, without asking. Empty
   * when that is not known. Rules `everyAttribute` with `default` or `whenMissing` need it.
   */
  knownAttributes?(): readonly string[]
  /**
   * Writes values to products, where the PIM can be written to. It reads the products right before, and sends only what
   * differs: all that is left to another writer's edit is the time between that read and the write. Changes of one
   * product are made in their order, so the last one of an attribute counts. It is safe to repeat: what a call before
   * has written is `unchanged`. It creates no product.
   * @returns what became of each change, in their order
   * @throws {BridgeError} as `getProducts`, when the PIM takes nothing at all, or does not say of each change what
   * became of it. Some of the changes may have been made then
   */
  updateProducts?(changes: readonly ProductChange[], call: CallContext): Promise<readonly ProductUpdate[]>
  /**
   * Logs in and reads one product, or says that there is none. Names the input, the right or the host that is wrong.
   * It throws nothing but the signal's reason: what fails is a finding.
   */
  check(call: CallContext): Promise<CheckReport>
}

/** Some of the changed products. */
export type ProductPage = {
  products: readonly Product[]
  /** The cursor behind this page, for this run or a later one. */
  cursor: string
}

/** A request as it came, before anybody knows who sent it. */
export type RawRequest = {
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>
  /** The bytes as they were sent. */
  body: Uint8Array
}

/** What a delivery of a PIM asks for. `id` and `type` are the PIM's own, for logs. */
export type PimMessage =
  /** A product or a product model is not what it was. */
  | { kind: 'changed'; id: string; type: string; ref: ProductRef }
  /** It is gone from the PIM. `ref` is the identifier where the event has it. */
  | { kind: 'deleted'; id: string; type: string; ref: ProductRef }
  /** Somebody has to look: deliveries have stopped, or will. */
  | { kind: 'alert'; id: string; type: string; message: string }
  /** Good news of the subscription. */
  | { kind: 'notice'; id: string; type: string; message: string }
  /** Nothing to do. */
  | { kind: 'ignored'; id: string; type: string; reason: string }

/** For a PIM that tells of changes by itself. `src/connectors/<vendor>/webhook.ts` implements it. */
export type PimWebhook = {
  /** The input that holds the secrets, for messages. */
  secretsInput: string
  /** Tells whether one of the secrets signed exactly these bytes, in constant time. */
  verify(request: RawRequest, secrets: readonly string[]): boolean
  /** Why a request that nobody signed may have come, for the log; undefined when that is not known. */
  whyUnsigned(request: RawRequest): string | undefined
  /**
   * Decodes the body of a signed request. It never throws: what is unknown or malformed is `ignored` with a reason.
   * @param options.ownNames what the PIM calls this app as the author of a change: its own changes are `ignored`
   * @param options.now in milliseconds since the epoch: what was signed long ago is `ignored`
   */
  decode(body: Uint8Array, options: { ownNames: readonly string[]; now: number }): PimMessage
  /** The status after which the PIM delivers again. */
  retryStatus: number
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
