// As sample-config.js, but with the rules of sample-config/demo/ for enrichment.
const path = require('node:path')
const config = require('./sample-config')

const enrichment = path.join(__dirname, '../sample-config/demo/enrichment.ts')

/** @type {import('webpack').Configuration} */
module.exports = {
  ...config,
  resolve: { ...config.resolve, alias: { ...config.resolve.alias, '#config/enrichment$': enrichment } },
}
