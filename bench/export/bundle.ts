import { join } from 'node:path'
import webpack from 'webpack'
import { root } from '../../scripts/command'
import ourConfig from '../../webpack-config.js'

const folder = join(root, 'bench/out/export')

/** Bundles our side as an action is bundled; start-up counts, so it must not be TypeScript. */
export async function bundleClient(): Promise<string> {
  const compiler = webpack({
    ...ourConfig,
    mode: 'production',
    target: 'node',
    entry: [join(root, 'bench/export/client.ts')],
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
