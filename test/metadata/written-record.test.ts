import fc from 'fast-check'
import type { JsonValue } from '../../src/core/json'
import { sameValue } from '../../src/metadata/values'
import { hashOf, isWritten, readRecord, recordText } from '../../src/metadata/written-record'

const text = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('1', '01', 'true', '1.0', '1.10', '2030-01-02T00:00:00Z', '2030-01-02T01:00:00+01:00'),
)
const number = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
/** The values of one property are of one type. */
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.array(number, { maxLength: 3 }),
  fc.constantFrom<JsonValue>(null, [], { a: 1, b: '2' }, { b: '2', a: [1] }),
)
/** What AEM may make of a value, by its schema. */
const asHeld = (one: JsonValue): readonly JsonValue[] => {
  if (Array.isArray(one)) return [one, one.map(String)]
  if (typeof one === 'object' || one === '') return [one]
  const asNumber = typeof one === 'string' && /^(0|[1-9]\d*)$/.test(one) ? [Number(one)] : []
  return [one, [one], String(one), ...asNumber]
}

test('what AEM holds of a written value is no edit, in whatever form it returns it', () => {
  fc.assert(
    fc.property(value, (written) => {
      for (const held of asHeld(written))
        expect({ held, is: isWritten(hashOf(written), held) }).toMatchObject({ is: true })
    }),
  )
})

test('what enrichment takes for the same is no edit', () => {
  fc.assert(
    fc.property(value, value, (written, held) => {
      if (held !== null && written !== null && sameValue(held, written))
        expect(isWritten(hashOf(written), held)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

test('another value is an edit, even one that is the same number in another form', () => {
  for (const [written, held] of [
    ['1.1', '1.10'],
    ['red', 'Red'],
    ['red', null],
    [null, 'red'],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [1, 2],
    [true, false],
    ['2030-01-02', '2030-01-03'],
  ] as const)
    expect({ written, held, is: isWritten(hashOf(written), held) }).toMatchObject({ is: false })
})

test('is read back as it was written, whatever the names; what is none is left out', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ minLength: 1 }).map((name) => `a${name}b`),
        text,
      ),
      (values) => {
        const record = new Map(Object.entries(values).map(([name, one]) => [name, hashOf(one)]))
        expect(readRecord([...recordText(record)])).toEqual(record)
      },
    ),
  )
  expect(readRecord('a=1:00000000')).toEqual(new Map([['a', '1:00000000']]))
  for (const odd of [undefined, null, 7, 'x', ['a=2:00000000', 'a=1:zz', { a: 1 }]])
    expect(readRecord(odd).size).toBe(0)
})
