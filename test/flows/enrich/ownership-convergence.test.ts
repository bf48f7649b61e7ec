import fc from 'fast-check'
import type { JsonValue } from '../../../src/core/json'
import { decide } from '../../../src/flows/enrich/enrich-asset'
import type { MetadataChange } from '../../../src/metadata/diff'
import type { MappingRule, Owner } from '../../../src/metadata/mapping'
import { fromProperty } from '../../../src/metadata/matching'
import { heldValue, isBlank, sameValue } from '../../../src/metadata/values'
import { assetWith } from '../../metadata/fixtures'
import { startCall } from '../../support/call'

// People edit, the PIM changes, and events come at any time, twice, or not at all. An independent model says whose value
// each field is to have.

const owners = ['pim', 'aem', 'once', 'edited', 'removed'] as const
const mapping: readonly MappingRule[] = owners.map((name) =>
  name === 'removed'
    ? { attribute: name, property: name, owner: 'edited', whenMissing: 'remove' }
    : { attribute: name, property: name, owner: name },
)
const enrichment = { linkProperty: 'sku', matching: [fromProperty('sku')], mapping }

type Values = Record<string, JsonValue>
const value = fc.constantFrom<JsonValue>('red', 'blue', '7', 7, ['red', 'blue'])
const maybe = fc.option(value, { nil: null })
const name = fc.constantFrom(...owners)
const step = fc.oneof(
  fc.record({ kind: fc.constant('person' as const), name, value: maybe }),
  fc.record({ kind: fc.constant('pim' as const), name, value: maybe }),
  fc.record({ kind: fc.constant('event' as const) }),
)

/** JSON Patch as strict as AEM; it returns numbers as text where `asText`. */
function patched(held: Values, changes: readonly MetadataChange[], asText: boolean): Values {
  const next = { ...held }
  for (const change of changes) {
    if (Object.hasOwn(next, change.property) !== (change.op !== 'add'))
      throw new Error(JSON.stringify(change))
    if (change.op === 'remove') delete next[change.property]
    else
      next[change.property] = asText && typeof change.value === 'number' ? String(change.value) : change.value
  }
  return next
}

/** What a field is to hold after an event; `edited` is whether a person has changed it since it was written. */
function modelled(
  owner: Owner,
  held: JsonValue,
  pim: JsonValue,
  isEdited: boolean,
  removes: boolean,
): JsonValue {
  if (pim === null && !removes) return held
  if (owner === 'aem') return held
  if (owner === 'once') return isBlank(held) ? pim : held
  return owner === 'edited' && isEdited ? held : pim
}

const same = (a: JsonValue, b: JsonValue): boolean =>
  isBlank(a) || isBlank(b) ? isBlank(a) === isBlank(b) : sameValue(a, b) || sameValue(b, a)

test('each field ends as its owner says, and a second event changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, asText) => {
      let held: Values = { sku: 'lamp' }
      const pim: Values = {}
      /** By field: what was written last; absent while nothing was. */
      const written = new Map<string, JsonValue>()
      const event = async (): Promise<number> => {
        const products = async () => [{ identifier: 'lamp', attributes: { ...pim } }]
        const parts = { pim: { name: 'pim', getProducts: products, check: async () => [] }, enrichment }
        const { changes } = await decide(assetWith({ metadata: held }), parts, startCall())
        held = patched(held, changes, asText)
        return changes.length
      }
      for (const one of [...steps, { kind: 'event' as const }]) {
        if (one.kind === 'pim') {
          pim[one.name] = one.value
          continue
        }
        if (one.kind === 'person') {
          if (one.value === null) delete held[one.name]
          else held[one.name] = one.value
          continue
        }
        const before = { ...held }
        await event()
        for (const field of owners) {
          const [was, wants] = [heldValue(before, field) ?? null, heldValue(pim, field) ?? null]
          const removes = field === 'removed'
          const owner = removes ? 'edited' : field
          const last = written.get(field)
          const isEdited = last !== undefined && !same(was, last) && !same(was, wants)
          const expected = modelled(owner, was, wants, isEdited, removes)
          const now = heldValue(held, field) ?? null
          expect({ field, was, wants, last, now, is: same(now, expected) }).toMatchObject({ is: true })
          const isDecided = wants !== null || removes
          const isWritten = !same(was, wants) && same(now, wants)
          if (isDecided && (isWritten || (last !== undefined && same(was, wants)))) written.set(field, wants)
        }
        expect(await event()).toBe(0)
      }
    }),
    { numRuns: 300 },
  )
})
