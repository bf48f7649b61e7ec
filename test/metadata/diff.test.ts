import fc from 'fast-check'
import type { JsonValue } from '../../src/core/json'
import { diffMetadata, isApplied, type MetadataChange } from '../../src/metadata/diff'
import { heldValue, isBlank, sameValue } from '../../src/metadata/values'
import { metadata, plain } from './fixtures'

type Held = Readonly<Record<string, JsonValue>>
const diff = (held: Held, desired: Held) => diffMetadata(held, new Map(Object.entries(desired)))

/** JSON Patch (RFC 6902) on the members of one object, as strict as AEM's guide: each operation has its own state. */
function patched(held: Held, changes: readonly MetadataChange[]): Held {
  const members = new Map(Object.entries(held))
  for (const change of changes) {
    if (members.has(change.property) !== (change.op !== 'add'))
      throw new Error(`${change.op} ${change.property}`)
    if (change.op === 'remove') members.delete(change.property)
    else members.set(change.property, change.value)
  }
  return plain(members)
}

/** Says the same, as far as anyone who reads the metadata can tell. */
const says = (held: Held, property: string, wanted: JsonValue): boolean => {
  const value = heldValue(held, property)
  return isBlank(wanted) ? isBlank(value) : value !== undefined && sameValue(value, wanted)
}

describe('the changes between what is held and what is wanted', () => {
  test('add what is absent, replace what differs and remove what should not be there', () => {
    const held = { title: 'old', colour: 'red', gone: 'x', other: 'theirs' }
    const changes = diff(held, { title: 'new', colour: 'red', size: 7, gone: null })
    expect(changes).toEqual([
      { op: 'replace', property: 'title', value: 'new' },
      { op: 'add', property: 'size', value: 7 },
      { op: 'remove', property: 'gone' },
    ])
  })

  test.each<[string, JsonValue, JsonValue]>([
    ['one value and a list of it', 'a', ['a']],
    ['a list of one and the value', ['a'], 'a'],
    ['a number and its text', '12', 12],
    ['a number and its text with decimals', '12.50', 12.5],
    ['a text and its number', 12, '12'],
    ['a boolean and its text', 'true', true],
    ['the same instant in two time zones', '2030-01-02T01:00:00+01:00', '2030-01-02T00:00:00.000Z'],
    ['a list with blanks in it', ['a', '', 'b'], ['a', 'b']],
    ['the same object in another order', { a: 1, b: ['x'] }, { b: 'x', a: 1 }],
    ['the same list of lists', [['a'], ['b']], [['a'], ['b']]],
  ])('are none between %s', (_name, held, wanted) => {
    expect(diff({ p: held }, { p: wanted })).toEqual([])
  })

  test.each<[string, JsonValue, JsonValue]>([
    ['an article number with leading zeros and a number', '007', 7],
    ['a text in hex and a number', '0x10', 16],
    ['a text in blanks and a number', ' 7 ', 7],
    ['the same values in another order', ['a', 'b'], ['b', 'a']],
    ['a list and one value of it', ['a', 'b'], 'a'],
    ['two instants', '2030-01-02T00:00:00Z', '2030-01-02T00:00:01Z'],
    ['a date and the instant it begins', '2030-01-02', '2030-01-02T00:00:00Z'],
    ['upper and lower case', 'A', 'a'],
    ['zero and false', 0, false],
    ['an object with one member less', { a: 1, b: 2 }, { a: 1 }],
    ['an object with another member', { x: 1 }, JSON.parse('{"__proto__": {}}')],
  ])('are one replacement between %s', (_name, held, wanted) => {
    expect(diff({ p: held }, { p: wanted })).toEqual([{ op: 'replace', property: 'p', value: wanted }])
  })

  test.each([[null], [''], [[]], [[null, '']]])('take %j for nothing on either side', (blank) => {
    expect(diff({ p: blank }, { p: null })).toEqual([])
    expect(diff({}, { p: blank })).toEqual([])
    expect(diff({ p: 'x' }, { p: blank })).toEqual([{ op: 'remove', property: 'p' }])
    // It is there, so `add` would be refused.
    expect(diff({ p: blank }, { p: 'x' })).toEqual([{ op: 'replace', property: 'p', value: 'x' }])
  })

  test('know a property by its own name only', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const [change] = diff({}, plain([[name, 'x']]))
      expect(change).toEqual({ op: 'add', property: name, value: 'x' })
      expect(diff({}, plain([[name, null]]))).toEqual([])
    }
  })

  test('carried out as a JSON Patch give what is wanted, and leave all else alone', () => {
    fc.assert(
      fc.property(metadata, metadata, (held, desired) => {
        const now = patched(held, diff(held, desired))
        const others = [...Object.keys(held), ...Object.keys(now)].filter(
          (name) => !Object.hasOwn(desired, name),
        )
        return (
          Object.entries(desired).every(([name, wanted]) => says(now, name, wanted)) &&
          others.every((name) => Object.is(heldValue(now, name), heldValue(held, name)))
        )
      }),
      { numRuns: 2_000 },
    )
  })

  test('are none once they are carried out', () => {
    fc.assert(
      fc.property(metadata, metadata, (held, desired) => {
        return diff(patched(held, diff(held, desired)), desired).length === 0
      }),
      { numRuns: 2_000 },
    )
  })

  test('are none between any metadata and itself', () => {
    fc.assert(fc.property(metadata, (held) => expect(diff(held, held)).toEqual([])))
  })

  test('do not depend on the order in which the properties are wanted', () => {
    fc.assert(
      fc.property(metadata, metadata, (held, desired) => {
        const reversed = plain(Object.entries(desired).reverse())
        const byName = (changes: readonly MetadataChange[]) =>
          new Map(changes.map((change) => [change.property, change]))
        expect(byName(diff(held, reversed))).toEqual(byName(diff(held, desired)))
      }),
    )
  })

  test('count as applied once carried out, and not before', () => {
    fc.assert(
      fc.property(metadata, metadata, (held, desired) => {
        const changes = diff(held, desired)
        const now = patched(held, changes)
        return changes.every((change) => isApplied(change, held, now) && !isApplied(change, held, held))
      }),
      { numRuns: 1_000 },
    )
  })
})
