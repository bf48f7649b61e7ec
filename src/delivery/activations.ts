import { systemicError, transientError } from '../core/errors'

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

/** Creates the way to other actions; the library is loaded with the first start. */
export function createActivations(credentials: RuntimeCredentials): Activations {
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
      const client = openwhisk({ apihost: apiHost, namespace, api_key: apiKey })
      const [, , packageName] = actionName.split('/')
      try {
        const { activationId } = await client.actions.invoke({
          name: `${packageName}/${action}`,
          params: { ...params },
          blocking: false,
        })
        return activationId
      } catch (thrown) {
        signal.throwIfAborted()
        const status =
          typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown
            ? Number(thrown.statusCode)
            : 0
        if (status === 401 || status === 403 || status === 404) {
          throw systemicError(
            'RUNTIME_REFUSED',
            `I/O Runtime refused to start ${action} (${status}): check that the whole package is deployed`,
            { upstream, status },
          )
        }
        throw transientError(
          'RUNTIME_UNAVAILABLE',
          `I/O Runtime did not start ${action} (${status || 'no answer'})`,
          { upstream },
        )
      }
    },
  }
}
