import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import * as v from 'valibot'
import { startAttempt } from '../core/attempt'
import { untilAborted } from '../core/call-context'
import { BridgeError, systemicError, transientError } from '../core/errors'
import { createRedactor, type Redactor } from '../core/redaction'
import { inBrackets, reasonOfValue } from '../http/reason'
import { isUnsupported } from '../http/status'

/** Who an activation is, for starting another one. */
export type RuntimeCredentials = {
  /** Such as `https://runtime.adobe.io`; from `__OW_API_HOST`. */
  apiHost: string | undefined
  namespace: string | undefined
  apiKey: string | undefined
  /** The own full name, `/namespace/package/action`: the other action stands in the same package. */
  actionName: string | undefined
}

/** Starts actions of the own package. */
export type Activations = {
  /**
   * @returns the id of the new activation
   * @throws {BridgeError} transient when the platform does not take it now; systemic when it refuses the key
   */
  start(action: string, params: Params, signal: AbortSignal): Promise<string>
  /**
   * Starts an action and waits for its answer, a minute at most.
   * @returns the body of the answer
   * @throws {BridgeError} the same; and transient when the action fails, or gives no answer in time
   */
  ask(action: string, params: Params, signal: AbortSignal): Promise<unknown>
}

type Params = Readonly<Record<string, unknown>>

const upstream = 'RUNTIME'
/** The platform only notes an activation down; that takes it a fraction of a second. */
const usualTimeoutMs = 10_000
/** The platform ends the waiting after a minute. */
const askTimeoutMs = 65_000

const Accepted = v.object({ activationId: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)) })
/** An activation that was waited for, and what its action answered. */
const Answered = v.object({
  response: v.object({ result: v.object({ statusCode: v.literal(200), body: v.unknown() }) }),
})
/** An error of the library: the body of the platform's answer is its `error`. */
const Failed = v.object({ statusCode: v.number(), error: v.optional(v.unknown()) })

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
      const answer = await invoke(action, params, false, timeoutMs, signal)
      const accepted = v.safeParse(Accepted, answer)
      if (!accepted.success) throw unavailable(action, 'its answer names no activation')
      return accepted.output.activationId
    },
    async ask(action, params, signal) {
      const answer = await invoke(action, params, true, askTimeoutMs, signal)
      const answered = v.safeParse(Answered, answer)
      if (!answered.success) throw unavailable(action, 'it gave no answer within a minute')
      return answered.output.response.result.body
    },
  }

  async function invoke(
    action: string,
    params: Params,
    blocking: boolean,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<unknown> {
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
    const attempt = startAttempt(signal, limitMs)
    try {
      const client = openwhisk({ apihost: apiHost, namespace, api_key: apiKey, agent })
      const name = besides(actionName, action)
      return await untilAborted(
        client.actions.invoke({ name, params: { ...params }, blocking }),
        attempt.signal,
      )
    } catch (thrown) {
      signal.throwIfAborted()
      if (attempt.timedOut()) throw unavailable(action, `no answer within ${limitMs} ms`)
      const mask = createRedactor([apiKey, Buffer.from(apiKey).toString('base64')])
      throw problem(action, thrown, mask)
    } finally {
      attempt.release()
      agent.destroy()
    }
  }
}

/** The name of an action that stands where `own` stands: in its package, if it is in one. */
function besides(own: string, action: string): string {
  const [, , ...inside] = own.split('/')
  return [...inside.slice(0, -1), action].join('/')
}

/** The library's own messages carry the URL and what was sent: nothing of them is kept but the platform's reason. */
function problem(action: string, thrown: unknown, mask: Redactor): unknown {
  if (thrown instanceof BridgeError) return thrown
  const failed = v.safeParse(Failed, thrown)
  const status = failed.success ? failed.output.statusCode : undefined
  const said = failed.success ? inBrackets(reasonOfValue(mask.value(failed.output.error))) : ''
  if (status !== undefined && ([401, 403, 404].includes(status) || isUnsupported(status))) {
    return systemicError(
      'RUNTIME_REFUSED',
      `I/O Runtime refused to start ${action} (${status})${said}: check that the whole package is deployed`,
      { upstream, status },
    )
  }
  return unavailable(action, status === undefined ? 'no answer' : `status ${status}${said}`, status)
}

const unavailable = (action: string, why: string, status?: number): BridgeError =>
  transientError('RUNTIME_UNAVAILABLE', `I/O Runtime did not start ${action}: ${why}`, {
    upstream,
    ...(status === undefined ? {} : { status }),
  })
