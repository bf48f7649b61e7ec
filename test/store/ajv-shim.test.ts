import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import Original from 'ajv/dist/ajv'

type Validator = { (data: unknown): unknown; errors?: unknown }
type Shim = new (options: object) => { compile(schema: object): Validator }
const Shim: Shim = require(join(__dirname, '../../webpack/shims/ajv.js'))

/** As aio-lib-state describes what it takes. */
const schemas = [
  { type: 'object', properties: { key: { type: 'string', pattern: '^[a-zA-Z0-9-_.]{1,1024}$' } } },
  {
    type: 'object',
    properties: { region: { type: 'string', enum: ['amer', 'emea'] }, apikey: { type: 'string' } },
    required: ['apikey'],
  },
]
const values = [{}, { key: 'a.1' }, { key: 'a b' }, { key: 1, apikey: 2 }, { region: 'mars', apikey: 'x' }, 7]

describe('the shim for ajv', () => {
  it.each(schemas)('judges as ajv does: %j', (schema) => {
    const options = { allErrors: true }
    for (const value of [...values, ...values]) {
      const expected = new Original(options).compile(schema)
      const found = new Shim(options).compile(schema)
      expect(found(value)).toBe(expected(value))
      expect(found.errors).toEqual(expected.errors)
    }
  })

  it('compiles a schema once for the same options', () => {
    const [schema = {}] = schemas
    const compiled = new Shim({ allErrors: true }).compile(schema)

    expect(new Shim({ allErrors: true }).compile({ ...schema })).toBe(compiled)
    expect(new Shim({}).compile(schema)).not.toBe(compiled)
  })

  it('is what the State library of the command line gets', () => {
    const known = JSON.stringify(join(__dirname, '../../cli/known-schemas.cjs'))
    const asked = `require('node:module').createRequire(require.resolve('@adobe/aio-lib-state'))('ajv')`
    const answer = `[1, 2].map(() => new (${asked})({}).compile({ type: 'object' }))`
    const script = `require(${known}); const [one, other] = ${answer}; console.log(one === other)`

    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('true\n')
  })
})
