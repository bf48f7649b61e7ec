import { factsForPim } from '../../src/metadata/facts-for-pim'
import {
  defineEnrichment,
  type Enrichment,
  everyAttribute,
  type MappingRule,
} from '../../src/plugin/enrichment'

const usual = { communicators: {}, linkProperty: 'sku', matching: [] } as const
const withRules =
  (mapping: readonly MappingRule[], more: Partial<Enrichment> = {}) =>
  () =>
    defineEnrichment({ ...usual, mapping, ...more })
const rule = { attribute: 'a', property: 'p' } as const
const edited = { ...rule, owner: 'edited' } as const
/** What no type allows, as a file without types may have it. */
const untyped = (text: string): MappingRule => JSON.parse(text)

test.each<[string, () => unknown]>([
  ['the rule of sku has an owner', withRules([{ ...rule, property: 'sku', owner: 'pim' }])],
  [
    'the rule of gone has an owner',
    withRules([{ ...edited, property: 'gone' }], { deletedProperty: 'gone' }),
  ],
  [
    'the rule of p has the owner boss: use pim',
    withRules([untyped('{"attribute":"a","property":"p","owner":"boss"}')]),
  ],
  [
    'no attribute that the PIM could be told',
    withRules([untyped('{"property":"p","value":1,"owner":"aem"}')]),
  ],
  ['leave default and whenMissing out', withRules([{ ...rule, owner: 'aem', default: 'x' }])],
  ['removes the value', withRules([{ ...rule, owner: 'once', whenMissing: 'remove' }])],
  ['removes the value', withRules([{ property: 'p', value: null, owner: 'once' }])],
  ['has whenEmpty, which says what the PIM is told', withRules([{ ...rule, whenEmpty: 'clear' }])],
  [
    'two rules tell the PIM the attribute a',
    withRules([{ ...rule, owner: 'aem' }], { tellPim: [{ attribute: 'a', fact: 'link' }] }),
  ],
  [
    'the url for the attribute a has none of {path}',
    withRules([], { tellPim: [{ attribute: 'a', url: 'https://cdn.example.com' }] }),
  ],
  ['has the owner edited, and another rule of it pim', withRules([rule, edited])],
  [
    'the rule of wknd-sync names a property that no rule may write',
    withRules([{ ...rule, property: 'wknd-sync' }]),
  ],
  ['the rule of wknd-written names', withRules([edited, { ...rule, property: 'wknd-written' }])],
  ['writtenProperty is sku', withRules([edited], { writtenProperty: 'sku' })],
  ['syncProperty is sku', withRules([], { syncProperty: 'sku' })],
])('refuses where it is loaded: %s', (message, load) => {
  expect(load).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
  )
})

test('takes what today needs no owner, and each owner where it fits', () => {
  expect(
    withRules([
      { ...rule, property: 'sku' },
      { ...rule, property: 'wknd-written' },
    ]),
  ).not.toThrow()
  expect(withRules([rule, { ...rule, attribute: 'b' }])).not.toThrow()
  expect(
    withRules([
      everyAttribute('wknd-', { owner: 'edited' }),
      { ...rule, owner: 'aem' },
      { property: 'q', compute: () => 1, owner: 'once' },
      { property: 'r', value: 1, owner: 'edited' },
    ]),
  ).not.toThrow()
})

test('the PIM would be told what AEM owns and holds, and nothing else', () => {
  const metadata = { p: ['x', 'y'], q: 'mine', r: '', 'wknd-a': 1, 'wknd-b': 2, 'wknd-c': 3 }
  const rules: readonly MappingRule[] = [
    { attribute: 'one', property: 'p', owner: 'aem' },
    { attribute: 'two', property: 'q' },
    { attribute: 'three', property: 'r', owner: 'aem' },
    { attribute: 'four', property: 'absent', owner: 'aem' },
    everyAttribute('wknd-', { owner: 'aem' }),
    // The later rule says whose it is.
    { attribute: 'a', property: 'wknd-a', owner: 'edited' },
    { attribute: 'named', property: 'wknd-b', owner: 'aem' },
  ]
  expect(factsForPim({ metadata }, rules, ['a', 'b', 'C'])).toEqual([
    { attribute: 'one', property: 'p', value: ['x', 'y'] },
    { attribute: 'named', property: 'wknd-b', value: 2 },
    { attribute: 'C', property: 'wknd-c', value: 3 },
  ])
})
