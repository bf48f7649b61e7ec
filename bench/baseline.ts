import { createHash } from 'node:crypto'
import { access, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import webpack from 'webpack'
import { root } from '../scripts/command'
import { runWebpack } from '../scripts/run-webpack'
import ourConfig from '../webpack-config.js'

/** The sample on the whole SDK: as aio bundles without a configuration, and minimised with our settings. */
export type Baseline = { asIs: string; minimised: string }

const source = join(root, 'bench/baseline/generic.js')

/** Bundles the baseline, or takes what an earlier run bundled from the same sources. */
export async function buildBaseline(): Promise<Baseline> {
  const inputs = [source, join(root, 'package-lock.json'), join(root, 'webpack-config.js'), __filename]
  const hash = createHash('sha256')
  for (const input of inputs) hash.update(await readFile(input))
  const folder = join(root, 'bench/out/baseline', hash.digest('hex').slice(0, 16))
  const asIs = join(folder, 'as-is')
  const minimised = join(folder, 'minimised')
  await bundle(asIs, { minimize: false })
  await bundle(minimised, ourConfig.optimization)
  return { asIs: join(asIs, 'index.js'), minimised: join(minimised, 'index.js') }
}

async function bundle(folder: string, optimization: webpack.Configuration['optimization']): Promise<void> {
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
