// As webpack-config.js, but `#config/*` leads to sample-config/ (`imports` in package.json).
const config = require('../webpack-config')

/** @type {import('webpack').Configuration} */
module.exports = {
  ...config,
  resolve: { ...config.resolve, conditionNames: ['sample-config', ...config.resolve.conditionNames] },
}
