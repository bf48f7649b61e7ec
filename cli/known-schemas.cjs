'use strict'
// The same as webpack-config.js does for the actions: without it each operation of State compiles a JSON schema, the
// schema of schemas included. A module that asks for ajv from now on gets the one that keeps what it has compiled.
const shim = require('../webpack/shims/ajv')

require.cache[require.resolve('ajv')].exports = shim
