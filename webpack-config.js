// One configuration for every action: `aio app build` finds it from the action's folder upwards and adds entry,
// output, target and the constant process.env.AIO_CLI_ENV.
const path = require('node:path')
const webpack = require('webpack')
const TerserPlugin = require('terser-webpack-plugin')

const shim = (name) => path.join(__dirname, 'webpack', 'shims', name)

module.exports = {
  mode: 'production',
  devtool: false,
  module: {
    rules: [
      {
        test: /\.ts$/,
        loader: 'swc-loader',
        options: {
          swcrc: false,
          jsc: { parser: { syntax: 'typescript' }, target: 'es2023', keepClassNames: true },
        },
      },
    ],
  },
  resolve: {
    extensions: ['.ts', '.js'],
    conditionNames: ['node', 'require', 'default'],
    alias: {
      'whatwg-url$': shim('whatwg-url.js'),
      encoding$: false,
      '@adobe/aio-lib-core-config$': shim('aio-lib-core-config.js'),
      winston$: shim('winston.js'),
      valibot$: path.join(__dirname, 'node_modules/valibot/dist/index.mjs'),
    },
  },
  optimization: {
    minimize: process.env.BRIDGE_MINIFY !== 'off',
    minimizer: [
      new TerserPlugin({
        minify: TerserPlugin.swcMinify,
        extractComments: false,
        terserOptions: { ecma: 2020, compress: true, mangle: true, keep_classnames: true, keep_fnames: true },
      }),
    ],
  },
  plugins: [new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })],
}
