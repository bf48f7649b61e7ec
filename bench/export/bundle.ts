import { join } from 'node:path'
import webpack from 'webpack'
import { root } from '../../scripts/command'
import ourConfig from '../../webpack/sample-config.js'

/** Bundles our side; start-up counts, so it must not be TypeScript. */
export const bundleClient = (): Promise<string> =>
  bundle(join(root, 'bench/export/client.ts'), join(root, 'bench/out/export'))

/**
 * Bundles a script as `aio app build` bundles an action: all in one file.
 * @returns the path of that file
 */
export async function bundle(entry: string, folder: string): Promise<string> {
  const compiler = webpack({
    ...ourConfig,
    mode: 'production',
    target: 'node',
    entry: [entry],
    output: { path: folder, filename: 'client.js', libraryTarget: 'commonjs2' },
  })
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error) reject(error)
      else if (stats?.hasErrors()) reject(new Error(stats.toString('errors-only')))
      else compiler.close((closeError) => (closeError ? reject(closeError) : resolve()))
    })
  })
  return join(folder, 'client.js')
}
