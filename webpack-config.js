// One configuration for every action: `aio app build` finds it from the action's folder upwards and adds entry,
// output, target and the constant process.env.AIO_CLI_ENV.
const path = require('node:path')
const webpack = require('webpack')
const TerserPlugin = require('terser-webpack-plugin')
const { codeHash } = require('./webpack/code-hash')

const shim = (name) => path.join(__dirname, 'webpack/shims', name)

/**
 * A module of Node's that is loaded when something of it is used. In this text require() is Node's. The bundler asks each
 * module whether it was an ES module.
 */
const lazy = (name) =>
  `var new Proxy({}, { get: (_, key) => (key === '__esModule' ? undefined : require('${name}')[key]) })`

/** @type {import('webpack').Configuration} */
module.exports = {
  mode: 'production',
  module: {
    rules: [
      {
        test: /\.ts$/,
        loader: require.resolve('swc-loader'),
        options: { swcrc: false, jsc: { parser: { syntax: 'typescript' }, target: 'es2023' } },
      },
      // In a module of strict ES webpack would leave the require() of `encoding` as it stands.
      { test: /node-fetch\/lib\/index\.mjs$/, type: 'javascript/auto' },
    ],
  },
  resolve: {
    extensions: ['.ts', '.js'],
    // Without it import() takes the ES builds of libraries. One that mentions import.meta makes the whole bundle an
    // ES module for Node, whose require() then answers an empty object, silently.
    conditionNames: ['node', 'require', 'default'],
    alias: {
      // node-fetch asks for it in `textConverted` only, which nothing here calls; iconv-lite comes with it (270 KB).
      encoding$: false,
      'whatwg-url$': shim('whatwg-url.js'),
      '@adobe/aio-lib-core-config$': shim('aio-lib-core-config.js'),
      winston$: shim('winston.js'),
      'iconv-lite$': shim('iconv-lite.js'),
      ajv$: shim('ajv.js'),
      '@aws-sdk/credential-provider-node$': shim('aws-credential-provider-node.js'),
      'lodash.clonedeep$': shim('lodash.clonedeep.js'),
      debug$: shim('debug.js'),
      // needle parses answers in XML with it, and hands over what it could not parse. The Runtime API speaks JSON.
      sax$: false,
    },
  },
  // node-fetch asks for it before anything is fetched, and needs it for answers that come compressed. Most do not.
  externals: { zlib: lazy('node:zlib'), 'node:zlib': lazy('node:zlib') },
  optimization: {
    minimize: true,
    minimizer: [
      // swc takes 0.3 s for what takes terser 4.7 s. Function names stay, so that a stack trace can be read (10 % of the
      // size). Class names do not: with mangle.keep_classnames swc lets names collide, and the whole SDK minimised so
      // no longer loads. Errors therefore set their `name`.
      new TerserPlugin({
        minify: TerserPlugin.swcMinify,
        extractComments: false,
        terserOptions: {
          compress: { keep_fnames: true },
          mangle: { keep_fnames: true },
          // One character beyond Latin-1, and V8 keeps the whole file with two bytes a character.
          format: { asciiOnly: true },
        },
      }),
    ],
  },
  // What import() loads later is in files of its own beside index.js, so that a cold start does not read it. Those of
  // another build must not be uploaded with it.
  output: { chunkFilename: '[id].js', clean: true },
  plugins: [
    // What doctor compares with the checkout that it runs in.
    new webpack.DefinePlugin({ 'process.env.ASSET_BRIDGE_CODE': JSON.stringify(codeHash(__dirname)) }),
    // Asked for by its path, which no alias can name.
    new webpack.NormalModuleReplacementPlugin(/^\.\/crc64\.js$/, shim('azure-crc64.js')),
    // ssh2 has native parts, built for the machine that installs it. It does without where they are missing.
    new webpack.IgnorePlugin({ resourceRegExp: /\.node$|^cpu-features$/ }),
  ],
}
