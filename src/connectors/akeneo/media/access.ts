import { callContextOf } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { BridgeError, toBridgeError } from '../../../core/errors'
import { fullJitter } from '../../../http/backoff'
import { type HttpResponse, isOk, jsonBody, refusePage } from '../../../http/response'
import type { DestinationContext } from '../../../plugin/destination'
import { type AkeneoCalls, type AkeneoRequest, createAkeneoCalls } from '../calls'
import type { AkeneoConnection } from '../inputs'
import { createAkeneoTokens } from '../token'
import { turnsOf } from '../turns'
import { akeneoName, type Purpose, toAkeneoError, unreachable } from './errors'
import { createUploader, type Uploader } from './upload'

/** Akeneo's REST API for a destination. */
export type AkeneoAccess = {
  /** Prefix of the inputs, for errors. */
  inputs: string
  clock: Clock
  /** What is there, as JSON; undefined when it is not there. Tried again by itself. */
  find(path: string, purpose: Purpose, signal: AbortSignal): Promise<unknown>
  /**
   * Sends a change once; `undefined` for an empty answer, and for what was to be deleted and is not there. The caller
   * asks before it sends the change again.
   */
  change(request: AkeneoRequest, purpose: Purpose, signal: AbortSignal): Promise<unknown>
  upload: Uploader
  /**
   * Makes a change, and asks between tries: an answer that is lost tells nothing.
   * @param ask whether the change is there by now; throws when something else is
   * @throws {BridgeError} of the last try; whatever is not Akeneo's own, or does not pass, at once
   */
  changeAsking<T>(
    change: () => Promise<T>,
    ask: () => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T>
}

const backoff = { baseMs: 300, capMs: 8_000 }
const maxAttempts = 5

/** Opens it. */
export function openAkeneo(
  connection: AkeneoConnection,
  { http, redactor }: DestinationContext,
  { idleMs, clock }: { idleMs: number; clock: Clock },
): AkeneoAccess {
  const { origin, credentials, inputs } = connection
  const turns = turnsOf(connection)
  const options = { name: akeneoName, origins: [origin], concurrency: 4, shared: turns.calls, backoff }
  const upstream = http.upstream({ ...options, maxAttempts })
  const tokens = createAkeneoTokens(credentials, { origin, upstream, redactor, clock })
  const reads = createAkeneoCalls(origin, { upstream, tokens })
  // A change whose answer is lost may have been made, and somebody else may have followed.
  const once = http.upstream({ ...options, maxAttempts: 1, attemptTimeoutMs: 30_000 })
  const changes: AkeneoCalls = createAkeneoCalls(origin, { upstream: once, tokens })
  const upload = createUploader(origin, { calls: changes, turns, clock, idleMs, inputs })

  return { inputs, clock, find, change, upload, changeAsking }

  async function find(path: string, purpose: Purpose, signal: AbortSignal): Promise<unknown> {
    const response = await reads.send({ path }, signal).catch((thrown) => {
      throw isUnreachable(thrown) ? unreachable(thrown, inputs) : thrown
    })
    if (response.status === 404 && purpose.missing === undefined) {
      // Akeneo says it in JSON. A page comes from what stands in front of it, and tells nothing.
      jsonBody(akeneoName, response)
      return undefined
    }
    if (!isOk(response)) throw toAkeneoError(response, purpose, clock.now(), inputs)
    return jsonBody(akeneoName, response)
  }

  async function change(request: AkeneoRequest, purpose: Purpose, signal: AbortSignal): Promise<unknown> {
    const response = await changes.send(request, signal)
    if (response.status === 404 && request.method === 'DELETE') return undefined
    if (!isOk(response)) throw toAkeneoError(response, purpose, clock.now(), inputs)
    refusePage(akeneoName, response)
    return response.text.trim() === '' ? undefined : jsonBody(akeneoName, response)
  }

  async function changeAsking<T>(
    make: () => Promise<T>,
    ask: () => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await make()
      } catch (thrown) {
        signal.throwIfAborted()
        const error = toBridgeError(thrown)
        const wait = Math.max(fullJitter(backoff, attempt, Math.random()), error.retryAfterMs ?? 0)
        const { deadline } = callContextOf(signal)
        if (!mayPass(error) || attempt >= maxAttempts || clock.now() + wait >= deadline) throw error
        await clock.sleep(wait, signal)
        // A refused call did nothing: what has changed meanwhile is somebody else's.
        const found = error.status === 429 ? undefined : await ask()
        if (found !== undefined) return found
      }
    }
  }
}

/** A short read that finds no connection, several times: that is not this file's fault. */
const isUnreachable = (thrown: unknown): thrown is BridgeError =>
  thrown instanceof BridgeError && thrown.code === 'AKENEO_UNREACHABLE'

const mayPass = ({ failureClass, upstream, code }: BridgeError): boolean =>
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
