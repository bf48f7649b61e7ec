import type { Client } from 'openwhisk'
import * as v from 'valibot'
import { askRuntime, type RuntimeCredentials, unavailable } from './runtime-client'

export type { RuntimeCredentials }

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

/** The platform only notes an activation down; that takes it a fraction of a second. */
const usualTimeoutMs = 10_000
/** The platform ends the waiting after a minute. */
const askTimeoutMs = 65_000

const Accepted = v.object({ activationId: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)) })
/** An activation that was waited for, and what its action answered. */
const Answered = v.object({
  response: v.object({ result: v.object({ statusCode: v.literal(200), body: v.unknown() }) }),
})

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
      if (!accepted.success) throw unavailable(`start ${action}`, 'its answer names no activation')
      return accepted.output.activationId
    },
    async ask(action, params, signal) {
      const answer = await invoke(action, params, true, askTimeoutMs, signal)
      const answered = v.safeParse(Answered, answer)
      if (!answered.success) throw unavailable(`start ${action}`, 'it gave no answer within a minute')
      return answered.output.response.result.body
    },
  }

  function invoke(
    action: string,
    params: Params,
    blocking: boolean,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<unknown> {
    const request = {
      what: `start ${action}`,
      remedy: 'check that the whole package is deployed',
      limitMs,
      send: (client: Client, actionName: string) =>
        client.actions.invoke({ name: besides(actionName, action), params: { ...params }, blocking }),
    }
    return askRuntime(credentials, request, signal)
  }
}

/** The name of an action that stands where `own` stands: in its package, if it is in one. */
function besides(own: string, action: string): string {
  const [, , ...inside] = own.split('/')
  return [...inside.slice(0, -1), action].join('/')
}
