// aio-lib-state makes a new Ajv for every operation and compiles the same handful of schemas with it again, the schema
// of schemas included: 6 ms of processor time each. This keeps what was compiled. Its callers read `errors` at once,
// before anybody else validates.
const Ajv = require('ajv/dist/ajv')

const validators = new Map()

class KeptValidators {
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

// Under Jest webpack gets this, too, which takes the rest: `default`, the whole Ajv, and `_`.
module.exports = Object.assign(KeptValidators, Ajv)
