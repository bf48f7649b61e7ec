import { join } from 'node:path'
import { root } from '../../scripts/command'
import { runWebpack } from '../../scripts/run-webpack'
import ourConfig from '../../webpack/sample-config.js'

/** Bundles our side; start-up counts, so it must not be TypeScript. */
export const bundleClient = (): Promise<string> =>
  bundle(join(root, 'bench/export/client.ts'), join(root, 'bench/out/export'))

/**
 * Bundles a script as `aio app build` bundles an action: all in one file.
 * @returns the path of that file
 */
export async function bundle(entry: string, folder: string): Promise<string> {
  await runWebpack(ourConfig, entry, { path: folder, filename: 'client.js' })
  return join(folder, 'client.js')
}
