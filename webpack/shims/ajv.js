// aio-lib-state makes a new Ajv for every operation and compiles the same handful of schemas with it again, the schema
// of schemas included: 6 ms of processor time each. This keeps what was compiled. Its callers read `errors` at once,
// before anybody else validates.
const Ajv = require('ajv/dist/ajv')

const validators = new Map()

class CachingAjv {
  constructor(options) {
    this.options = options
  }

  compile(schema) {
    const key = JSON.stringify([this.options, schema])
    const known = validators.get(key)
    if (known !== undefined) return known
    const validator = new Ajv(this.options).compile(schema)
    validators.set(key, validator)
    return validator
  }
}

// Its other exports are ajv's own: webpack itself asks for them in tests.
module.exports = Object.assign(CachingAjv, Ajv)
