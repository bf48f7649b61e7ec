import type { Client } from 'openwhisk'
import { askRuntime, type RuntimeCredentials } from '../../src/delivery/runtime-client'

const limitMs = 30_000

/**
 * Binds the inputs to the package anew, all of them, since the platform replaces the whole list; what else the package has
 * stays. The actions need no new upload: inputs belong to the package.
 * @throws {BridgeError} as `askRuntime`
 */
export async function bindInputs(
  packageName: string,
  inputs: Readonly<Record<string, string>>,
  credentials: RuntimeCredentials,
  signal: AbortSignal,
): Promise<void> {
  const parameters = Object.entries(inputs).map(([key, value]) => ({ key, value }))
  const request = {
    what: `bind the inputs to the package ${packageName}`,
    remedy: 'deploy again, which binds them, too',
    limitMs,
    send: (client: Client) => client.packages.update({ name: packageName, package: { parameters } }),
  }
  await askRuntime(credentials, request, signal)
}
