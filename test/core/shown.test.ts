import fc from 'fast-check'
import { messageOf, shown } from '../../src/core/shown'

function deep(levels: number): unknown {
  let value: unknown = 'x'
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { value }
  return value
}

describe('a foreign value in a message', () => {
  it.each<[unknown, string]>([
    ['a "text"', '"a \\"text\\""'],
    [undefined, 'undefined'],
    [null, 'null'],
    [12n, '"12"'],
    [Symbol('x'), '"Symbol(x)"'],
    [() => 1, 'function'],
    [{ a: [1, { b: 2 }] }, '{"a":[1,{"b":2}]}'],
    [{ a: { b: { c: { d: 1 } } } }, '{"a":{"b":{"c":"..."}}}'],
    [new Map([[1, 2]]), '"..."'],
    ['\u001b[2J\n\u202e\u2028\u009b', '"\\u001b[2J\\n\\u202e\\u2028\\u009b"'],
  ])('is told as it is, on one line: %p', (value, text) => {
    expect(shown(value)).toBe(text)
  })

  it('that was thrown is told by its own words, and else by what is in it', () => {
    expect(messageOf(new Error('gone'))).toBe('gone')
    expect(messageOf('gone')).toBe('gone')
    expect(messageOf({ toString: () => 'gone' })).toBe('gone')
    expect(messageOf({ reason: 'gone' })).toBe('{"reason":"gone"}')
    expect(messageOf(undefined)).toBe('undefined')
  })

  it('is bounded, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 5 }), (value) => {
        expect(shown(value, 60).length).toBeLessThanOrEqual(60)
        expect(shown(value)).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u)
        expect(messageOf(value).length).toBeLessThanOrEqual(2_000)
      }),
    )
  })

  it.each<[string, unknown]>([
    ['deep', deep(200_000)],
    ['wide', Array.from({ length: 500_000 }, (_, index) => ({ index }))],
    ['long', 'x'.repeat(10_000_000)],
    [
      'with many names',
      Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`n${index}`, index])),
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new Error('no')
          },
        },
      ),
    ],
    [
      'without a text',
      {
        toString: 1,
        toJSON: () => {
          throw new Error('no')
        },
      },
    ],
    [
      'an error whose message throws',
      Object.defineProperty(new Error(), 'message', {
        get: () => {
          throw new Error('no')
        },
      }),
    ],
  ])('never throws: one that is %s', (_, value) => {
    expect(shown(value).length).toBeLessThanOrEqual(80)
    expect(messageOf(value).length).toBeLessThanOrEqual(2_000)
  })
})
