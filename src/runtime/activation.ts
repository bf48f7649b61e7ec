/** What I/O Runtime provides to an activation. */
export type Activation = {
  id: string | undefined
  /** When the platform ends the activation, in milliseconds since the epoch. */
  deadline: number | undefined
  namespace: string | undefined
  /** Only with the annotation `provide-api-key`. */
  apiKey: string | undefined
  /** Where the platform's own API is. */
  apiHost: string | undefined
  /** `/namespace/package/action`. */
  actionName: string | undefined
}

/**
 * Reads the environment of an activation. Up to 200 of them share a container and its `process.env`, and each one
 * overwrites it: this has to be called before the first `await`.
 * Source: Apache OpenWhisk's Node.js runtime.
 */
export function readActivation(env: Readonly<Record<string, string | undefined>>): Activation {
  const deadline = Number(env.__OW_DEADLINE)
  return {
    id: env.__OW_ACTIVATION_ID || undefined,
    deadline: Number.isFinite(deadline) && deadline > 0 ? deadline : undefined,
    namespace: env.__OW_NAMESPACE || undefined,
    apiKey: env.__OW_API_KEY || undefined,
    apiHost: env.__OW_API_HOST || undefined,
    actionName: env.__OW_ACTION_NAME || undefined,
  }
}
