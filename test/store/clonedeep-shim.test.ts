import { join } from 'node:path'

const shim: (value: unknown) => unknown = require(join(__dirname, '../../webpack/shims/lodash.clonedeep.js'))

describe('the shim for lodash.clonedeep', () => {
  it.each([
    [{ method: 'PUT', headers: { Authorization: 'Basic a2V5', 'x-id': '1' }, body: '{"a":1}' }],
    [{ ow: { namespace: '1-stage', auth: 'key' }, region: 'amer' }],
    [[1, [2, { three: null }]]],
    ['text'],
    [undefined],
  ])('copies %j whole', (value) => {
    expect(shim(value)).toEqual(value)
  })

  it('gives a copy whose inside can be changed, also where a function is in it', () => {
    const plain = { headers: { Authorization: 'Basic a2V5' } }
    const odd = { ...plain, retry: { wait: () => 1 } }

    for (const original of [plain, odd]) {
      expect(Object.assign(Object(shim(original)).headers, { Authorization: '<hidden>' })).toEqual({
        Authorization: '<hidden>',
      })
      expect(original.headers.Authorization).toBe('Basic a2V5')
    }
  })
})
