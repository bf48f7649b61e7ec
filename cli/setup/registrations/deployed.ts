import type { Client } from 'openwhisk'
import { BridgeError } from '../../../src/core/errors'
import { askRuntime, type RuntimeCredentials } from '../../../src/delivery/runtime-client'

const limitMs = 30_000

/** Whether an action is deployed. Undefined when I/O Runtime does not tell. @param action `<package>/<action>` */
export async function isDeployed(
  action: string,
  credentials: RuntimeCredentials,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const request = {
    what: `show the action ${action}`,
    remedy: 'check AIO_runtime_namespace and AIO_runtime_auth',
    limitMs,
    send: (client: Client) => client.actions.get({ name: action }),
  }
  try {
    await askRuntime(credentials, request, signal)
    return true
  } catch (thrown) {
    if (thrown instanceof BridgeError) return thrown.status === 404 ? false : undefined
    throw thrown
  }
}
