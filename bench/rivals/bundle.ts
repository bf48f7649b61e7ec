import { createHash } from 'node:crypto'
import { access, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import webpack from 'webpack'
import { root } from '../../scripts/command'
import { runWebpack } from '../../scripts/run-webpack'
import ourConfig from '../../webpack-config.js'

/** A rival's action: as aio bundles without a configuration, and minimised with our settings. */
export type RivalBundles = { asIs: string; minimised: string }

/** Bundles `bench/rivals/<name>/generic.js`, or takes what an earlier run bundled from the same sources. */
export async function bundleRival(name: string): Promise<RivalBundles> {
  const source = join(root, 'bench/rivals', name, 'generic.js')
  const inputs = [source, join(root, 'package-lock.json'), join(root, 'webpack-config.js'), __filename]
  const hash = createHash('sha256')
  for (const input of inputs) hash.update(await readFile(input))
  const folder = join(root, 'bench/out/rivals', name, hash.digest('hex').slice(0, 16))
  const asIs = join(folder, 'as-is')
  const minimised = join(folder, 'minimised')
  await bundle(source, asIs, { minimize: false })
  await bundle(source, minimised, ourConfig.optimization)
  return { asIs: join(asIs, 'index.js'), minimised: join(minimised, 'index.js') }
}

async function bundle(
  source: string,
  folder: string,
  optimization: webpack.Configuration['optimization'],
): Promise<void> {
  if (await exists(join(folder, 'index.js'))) return
  await mkdir(folder, { recursive: true })
  // What aio-lib-runtime sets where a project has no webpack-config.js.
  const config = {
    resolve: { extensions: ['.js', '.json'], mainFields: ['main'] },
    optimization,
    plugins: [
      new webpack.DefinePlugin({ WEBPACK_ACTION_BUILD: 'true', 'process.env.AIO_CLI_ENV': '"prod"' }),
    ],
  }
  await runWebpack(config, source, { path: folder, filename: 'index.js' })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
