import type { Change, Platform } from './deploy-service'
import { unpackUpload } from './runtime/bundle'
import type { RuntimeStandIn } from './runtime/runtime'

const inPackage = /^asset-bridge\/([^/]+)$/

/**
 * Has the runtime run what a deployment has changed: other code or limits of an action are in effect with the next
 * activation, other inputs of the package, too. Throws when the code is no zip.
 */
export async function runDeployed(
  { namespace, kind, name }: Change,
  { platform, runtime }: { platform: Platform; runtime: RuntimeStandIn },
): Promise<void> {
  const deployed = platform.actions(namespace)
  if (kind === 'packages') {
    for (const [full, { inputs }] of deployed) {
      const [, action = ''] = inPackage.exec(full) ?? []
      if (runtime.actions().includes(action)) runtime.bind(action, inputs)
    }
  }
  const [, action] = inPackage.exec(name) ?? []
  if (kind !== 'actions' || action === undefined) return
  const found = deployed.get(name)
  if (found === undefined) return runtime.remove(action)
  const { folder, remove } = await unpackUpload(found.code, found.isBinary)
  try {
    await runtime.put(action, { ...found.settings, inputs: found.inputs, bundle: folder })
  } finally {
    await remove()
  }
}
