import { createHash } from 'node:crypto'
import { access, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import webpack from 'webpack'
import { root } from '../../scripts/command'
import { runWebpack } from '../../scripts/run-webpack'
import ourConfig from '../../webpack-config.js'

/**
 * Bundles a rival's action with our settings, which make it load faster than what aio does without a configuration; or
 * takes what an earlier run bundled from the same sources.
 * @param file below bench/rivals
 * @returns the path of the bundle
 */
export async function bundleRival(file: string): Promise<string> {
  const source = join(root, 'bench/rivals', file)
  const inputs = [
    source,
    ...['bench/rivals/akeneo-calls.js', 'bench/rivals/ims-token.js'].map(inRoot),
    ...['package-lock.json', 'webpack-config.js'].map(inRoot),
  ]
  const hash = createHash('sha256')
  for (const input of [...inputs, __filename]) hash.update(await readFile(input))
  const path = join(root, 'bench/out/rivals', dirname(file), hash.digest('hex').slice(0, 16))
  const bundle = join(path, 'index.js')
  if (await exists(bundle)) return bundle
  await mkdir(path, { recursive: true })
  // What aio-lib-runtime sets where a project has no webpack-config.js.
  const config = {
    resolve: { extensions: ['.js', '.json'], mainFields: ['main'] },
    optimization: ourConfig.optimization,
    plugins: [
      new webpack.DefinePlugin({ WEBPACK_ACTION_BUILD: 'true', 'process.env.AIO_CLI_ENV': '"prod"' }),
    ],
  }
  await runWebpack(config, source, { path, filename: 'index.js' })
  return bundle
}

const inRoot = (file: string): string => join(root, file)

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
