import type { AdobeState } from '@adobe/aio-lib-state'
import { startAttempt } from '../core/attempt'
import { untilAborted } from '../core/call-context'
import { type Clock, systemClock } from '../core/clock'
import { BridgeError, permanentError, systemicError, transientError } from '../core/errors'
import { messageOf } from '../core/shown'
import { inBrackets } from '../http/reason'
import { type RetryRules, retry } from '../http/retry'
import { guardAnswers, StateRefusal } from './state-answers'
import type { Store } from './store'

/** Regions of the State service. Each is a store of its own. */
export const stateRegions = ['amer', 'emea', 'apac', 'aus'] as const
export type StateRegion = (typeof stateRegions)[number]

/** What opens the State service: the namespace and key of I/O Runtime, in the action's environment with `provide-api-key`. */
export type StateCredentials = {
  namespace: string | undefined
  apiKey: string | undefined
  /** Asked when the store is first used. Throws a BridgeError when it is not one of `stateRegions`. */
  region: () => StateRegion
}

const upstream = 'STATE'
/** The library itself has no time-out, and honours Retry-After without a bound. */
const usualTimeoutMs = 15_000

/**
 * A store on the State service. The library is loaded with the first operation, for most events need none.
 * @throws {BridgeError} from each operation: systemic when there are no credentials or they are refused; permanent
 * when the value is too large; transient otherwise
 */
export function createStateStore(
  credentials: StateCredentials,
  {
    operationTimeoutMs = usualTimeoutMs,
    clock = systemClock,
  }: { operationTimeoutMs?: number; clock?: Clock } = {},
): Store {
  const firstReadMs = operationTimeoutMs / 3
  let opened: Promise<AdobeState> | undefined

  return {
    get: (key, signal) =>
      read(signal, (limitMs) => operate(signal, async (state) => (await state.get(key))?.value, limitMs)),
    put: (key, value, ttl, signal) =>
      operate(signal, async (state) => {
        // The service takes 0 for a day.
        await state.put(key, value, { ttl: Math.max(1, Math.ceil(ttl)) })
      }),
    remove: (key, signal) =>
      operate(signal, async (state) => {
        await state.delete(key)
      }),
    async *keys(pattern, signal) {
      // The library's iterator waits for ever when a page is cut, so all pages are read anew.
      for (const key of await read(signal, (limitMs) => list(pattern, signal, limitMs))) {
        yield key
        signal.throwIfAborted()
      }
    },
    used: (signal) =>
      read(signal, (limitMs) =>
        operate(
          signal,
          async (state) => {
            const { keys, bytesKeys, bytesValues } = await state.stats()
            return { keys, bytes: bytesKeys + bytesValues }
          },
          limitMs,
        ),
      ),
  }

  /** The library waits for ever when an answer to a read is cut. Reading once more does no harm. */
  function read<T>(signal: AbortSignal, once: (limitMs: number) => Promise<T>): Promise<T> {
    const rules: RetryRules = { clock, waitsMs: [0], toError: toStateError, mayPass: isLate }
    const call = { signal, deadline: Number.POSITIVE_INFINITY }
    return retry(rules, call, (_, attempt) => once(attempt === 1 ? firstReadMs : operationTimeoutMs))
  }

  async function list(pattern: string, signal: AbortSignal, limitMs: number): Promise<readonly string[]> {
    const pages = await operate(signal, async (state) => state.list({ match: pattern }), limitMs)
    const iterator = pages[Symbol.asyncIterator]()
    const keys: string[] = []
    for (;;) {
      const page = await operate(signal, () => iterator.next(), limitMs)
      if (page.done) return keys
      keys.push(...page.value.keys)
    }
  }

  async function operate<T>(
    signal: AbortSignal,
    operation: (state: AdobeState) => Promise<T>,
    limitMs = operationTimeoutMs,
  ): Promise<T> {
    const attempt = startAttempt(signal, limitMs)
    try {
      opened ??= open().catch((thrown: unknown) => {
        opened = undefined
        throw thrown
      })
      return await untilAborted(opened.then(operation), attempt.signal)
    } catch (thrown) {
      signal.throwIfAborted()
      throw toStateError(thrown)
    } finally {
      attempt.release()
    }
  }

  async function open(): Promise<AdobeState> {
    const { namespace, apiKey, region } = credentials
    if (!namespace || !apiKey) {
      throw systemicError(
        'STATE_WITHOUT_CREDENTIALS',
        'there is no key for the State service: an action needs the annotation provide-api-key: true (under `aio app dev` there is no State), the command line AIO_runtime_namespace and AIO_runtime_auth, as `aio app use` sets them',
        { upstream },
      )
    }
    const { init } = await import('@adobe/aio-lib-state')
    const state = await init({ ow: { namespace, auth: apiKey }, region: region() })
    guardAnswers(state)
    return state
  }
}

const lateCode = 'no answer in time'

const isLate = ({ message }: BridgeError): boolean => message.includes(lateCode)

function errorCode(thrown: unknown): string {
  if (thrown instanceof DOMException) return lateCode
  return thrown instanceof Error && 'code' in thrown ? messageOf(thrown.code) : 'no answer'
}

/** By the library's codes; its own messages and details hold keys and values. */
function toStateError(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown
  const code = errorCode(thrown)
  const said = thrown instanceof StateRefusal ? inBrackets(thrown.reason) : ''
  switch (code) {
    case 'ERROR_UNAUTHORIZED':
    case 'ERROR_BAD_CREDENTIALS':
      return systemicError(
        'STATE_REFUSED',
        `the State service refused the key of this namespace (${code})${said}: check that the workspace has App Builder, STATE_REGION, and that its storage quota is not used up`,
        { upstream },
      )
    case 'ERROR_PAYLOAD_TOO_LARGE':
    case 'ERROR_BAD_ARGUMENT':
      return permanentError('STATE_REFUSED', `the State service does not take the record (${code})${said}`, {
        upstream,
      })
    default:
      return transientError('STATE_UNAVAILABLE', `the State service failed (${code})${said}`, { upstream })
  }
}
