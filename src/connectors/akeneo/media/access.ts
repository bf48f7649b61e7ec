import type { CallContext } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { BridgeError } from '../../../core/errors'
import type { Redactor } from '../../../core/redaction'
import { type HttpResponse, isOk, jsonBody, refusePage } from '../../../http/response'
import { type RetryRules, retry } from '../../../http/retry'
import type { DestinationContext } from '../../../plugin/destination'
import { accountOf } from '../account'
import { type AkeneoCalls, type AkeneoRequest, createAkeneoCalls } from '../calls'
import type { AkeneoConnection } from '../inputs'
import { akeneoName, type Purpose, toAkeneoError, unreachable } from './errors'
import { createUploader, type Uploader } from './upload'

/** Akeneo's REST API for a destination. */
export type AkeneoAccess = {
  /** Prefix of the inputs, for errors. */
  inputs: string
  /** For what a check says. */
  redactor: Redactor
  clock: Clock
  /** What is there, as JSON; undefined when it is not there. Tried again by itself. */
  find(path: string, purpose: Purpose, call: CallContext): Promise<unknown>
  /**
   * Sends a change once; `undefined` for an empty answer, and for a deletion of an object that does not exist. The
   * caller checks the result before it sends the change again.
   */
  change(request: AkeneoRequest, purpose: Purpose, call: CallContext): Promise<unknown>
  upload: Uploader
  /**
   * Makes a change, and checks the result before each retry, since an answer may be lost.
   * @param ask whether the change has taken effect; throws when another change has
   * @throws {BridgeError} of the last attempt; an error that is not Akeneo's, or does not pass, at once
   */
  changeAsking<T>(change: () => Promise<T>, ask: () => Promise<T | undefined>, call: CallContext): Promise<T>
}

const backoff = { baseMs: 300, capMs: 8_000 }
const maxAttempts = 5

/**
 * Opens it.
 * @param idleMs how long Akeneo may take no byte of a file, or give no answer to it
 */
export function openAkeneo(
  connection: AkeneoConnection,
  { http, redactor, clock, random }: DestinationContext,
  idleMs: number,
): AkeneoAccess {
  const { origin, inputs } = connection
  const account = accountOf(connection, { http, redactor, clock })
  const input = `${inputs}_URL`
  const options = {
    name: akeneoName,
    input,
    origins: [origin],
    concurrency: 4,
    shared: account.calls,
    backoff,
  }
  const upstream = http.upstream({ ...options, maxAttempts })
  const reads = createAkeneoCalls(origin, { name: akeneoName, upstream, account })
  // A change whose answer was lost may have taken effect, and another writer may have changed the object since.
  const once = http.upstream({ ...options, maxAttempts: 1, attemptTimeoutMs: 30_000 })
  const changes: AkeneoCalls = createAkeneoCalls(origin, { name: akeneoName, upstream: once, account })
  const upload = createUploader(origin, { calls: changes, account, clock, idleMs, inputs })

  return { inputs, redactor, clock, find, change, upload, changeAsking }

  async function find(path: string, purpose: Purpose, call: CallContext): Promise<unknown> {
    const response = await reads.send({ path }, call).catch((thrown) => {
      throw isUnreachable(thrown) ? unreachable(thrown, inputs) : thrown
    })
    if (response.status === 404 && purpose.missing === undefined) {
      // Akeneo answers in JSON. A page comes from a proxy in front of it and says nothing about the object.
      jsonBody(akeneoName, response)
      return undefined
    }
    if (!isOk(response)) throw toAkeneoError(response, purpose, clock.now(), inputs)
    return jsonBody(akeneoName, response)
  }

  async function change(request: AkeneoRequest, purpose: Purpose, call: CallContext): Promise<unknown> {
    const response = await changes.send(request, call)
    if (response.status === 404 && request.method === 'DELETE') return undefined
    if (!isOk(response)) throw toAkeneoError(response, purpose, clock.now(), inputs)
    refusePage(akeneoName, response)
    return response.text.trim() === '' ? undefined : jsonBody(akeneoName, response)
  }

  function changeAsking<T>(
    make: () => Promise<T>,
    ask: () => Promise<T | undefined>,
    call: CallContext,
  ): Promise<T> {
    const rules: RetryRules = { clock, random, attempts: maxAttempts, backoff, mayPass: isOurs }
    // A refused call had no effect: a change since then is by another writer.
    const arrived = async ({ status }: BridgeError) => (status === 429 ? undefined : ask())
    return retry(rules, call, make, arrived)
  }
}

/** A short read that finds no connection several times is an outage, not a failure of the file. */
const isUnreachable = (thrown: unknown): thrown is BridgeError =>
  thrown instanceof BridgeError && thrown.code === 'AKENEO_UNREACHABLE'

const isOurs = ({ failureClass, upstream, code }: BridgeError): boolean =>
  failureClass === 'transient' && upstream === akeneoName && code !== 'DESTINATION_CHANGED'

/** The status of each item of a bulk answer counts: the answer itself is 200 whatever they are. */
export function itemOf(body: unknown, code: string): HttpResponse | undefined {
  const items: unknown[] = Array.isArray(body) ? body : []
  for (const item of items) {
    if (typeof item !== 'object' || item === null || !('code' in item) || item.code !== code) continue
    const status = 'status_code' in item ? Number(item.status_code) : Number.NaN
    if (Number.isInteger(status)) return { status, headers: new Map(), text: JSON.stringify(item) }
  }
  return undefined
}
