import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import * as v from 'valibot'
import { startAttempt } from '../core/attempt'
import { untilAborted } from '../core/call-context'
import { BridgeError, systemicError, transientError } from '../core/errors'

/** Who an activation is, for starting another one. */
export type RuntimeCredentials = {
  /** Such as `https://runtime.adobe.io`; from `__OW_API_HOST`. */
  apiHost: string | undefined
  namespace: string | undefined
  apiKey: string | undefined
  /** The own full name, `/namespace/package/action`: the other action stands in the same package. */
  actionName: string | undefined
}

/** Starts actions of the own package, without waiting for their end. */
export type Activations = {
  /**
   * @returns the id of the new activation
   * @throws {BridgeError} transient when the platform does not take it now; systemic when it refuses the key
   */
  start(action: string, params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string>
}

const upstream = 'RUNTIME'
/** The platform only notes an activation down; that takes it a fraction of a second. */
const usualTimeoutMs = 10_000

const Accepted = v.object({ activationId: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)) })
const Failed = v.object({ statusCode: v.number() })

/**
 * Creates the way to other actions; the library is loaded with the first start.
 * @param options.timeoutMs how long the platform may take to accept an activation @default 10 s
 */
export function createActivations(
  credentials: RuntimeCredentials,
  options: { timeoutMs?: number } = {},
): Activations {
  const { timeoutMs = usualTimeoutMs } = options
  return {
    async start(action, params, signal) {
      const { apiHost, namespace, apiKey, actionName } = credentials
      if (!apiHost || !namespace || !apiKey || !actionName) {
        throw systemicError(
          'RUNTIME_WITHOUT_CREDENTIALS',
          'an action can start another one only on I/O Runtime, with the annotation provide-api-key: true',
          { upstream },
        )
      }
      signal.throwIfAborted()
      const { default: openwhisk } = await import('openwhisk')
      // The client knows no end of its own: without an agent to destroy, a hanging request would outlive the call.
      const agent = apiHost.startsWith('http://') ? new HttpAgent() : new HttpsAgent()
      const attempt = startAttempt(signal, timeoutMs)
      try {
        const client = openwhisk({ apihost: apiHost, namespace, api_key: apiKey, agent })
        const name = besides(actionName, action)
        const invoked = client.actions.invoke({ name, params: { ...params }, blocking: false })
        const accepted = v.safeParse(Accepted, await untilAborted(invoked, attempt.signal))
        if (!accepted.success) throw unavailable(action, 'its answer names no activation')
        return accepted.output.activationId
      } catch (thrown) {
        signal.throwIfAborted()
        if (attempt.timedOut()) throw unavailable(action, `no answer within ${timeoutMs} ms`)
        throw problem(action, thrown)
      } finally {
        attempt.release()
        agent.destroy()
      }
    },
  }
}

/** The name of an action that stands where `own` stands: in its package, if it is in one. */
function besides(own: string, action: string): string {
  const [, , ...inside] = own.split('/')
  return [...inside.slice(0, -1), action].join('/')
}

/** The library's own messages carry the URL and what was sent: nothing of them is kept. */
function problem(action: string, thrown: unknown): unknown {
  if (thrown instanceof BridgeError) return thrown
  const failed = v.safeParse(Failed, thrown)
  const status = failed.success ? failed.output.statusCode : undefined
  if (status === 401 || status === 403 || status === 404) {
    return systemicError(
      'RUNTIME_REFUSED',
      `I/O Runtime refused to start ${action} (${status}): check that the whole package is deployed`,
      { upstream, status },
    )
  }
  return unavailable(action, status === undefined ? 'no answer' : `status ${status}`, status)
}

const unavailable = (action: string, why: string, status?: number): BridgeError =>
  transientError('RUNTIME_UNAVAILABLE', `I/O Runtime did not start ${action}: ${why}`, {
    upstream,
    ...(status === undefined ? {} : { status }),
  })
