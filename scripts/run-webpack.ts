import webpack from 'webpack'

/**
 * Bundles a script as `aio app build` bundles an action.
 * @param config of webpack; what aio sets besides follows from the arguments
 * @throws when that fails, with what webpack says
 */
export async function runWebpack(
  config: webpack.Configuration,
  entry: string,
  output: { path: string; filename: string },
): Promise<void> {
  const compiler = webpack({
    ...config,
    mode: 'production',
    target: 'node',
    entry: [entry],
    output: { ...config.output, ...output, libraryTarget: 'commonjs2' },
  })
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error) reject(error)
      else if (stats?.hasErrors()) reject(new Error(stats.toString('errors-only')))
      else compiler.close((closeError) => (closeError ? reject(closeError) : resolve()))
    })
  })
}
