import fc from 'fast-check'
import enrichment from '../../sample-config/enrichment'
import type { JsonValue } from '../../src/core/json'
import { everyAttribute, type MappingRule, mapProducts } from '../../src/metadata/mapping'
import { assetWith, plain, productWith, propertyName } from './fixtures'

type Attributes = Readonly<Record<string, JsonValue>>

const map = (rules: readonly MappingRule[], ...products: Attributes[]) =>
  Object.fromEntries(
    mapProducts(rules, {
      asset: assetWith({ metadata: { 'dc:title': 'held' } }),
      products: products.map((attributes, index) => productWith(attributes, `SKU-${index + 1}`)),
    }),
  )

test('it is told which rule decides a property: the last one that has a value', () => {
  const told = new Map<string, string>()
  mapProducts(
    [
      everyAttribute('wknd-'),
      { property: 'wknd-name', attribute: 'title' },
      { property: 'wknd-size', attribute: 'none' },
      { property: 'wknd-none', attribute: 'none' },
      { property: 'wknd-gone', attribute: 'none', whenMissing: 'remove' },
      { property: 'fixed', value: 1 },
      { property: 'made', compute: () => 'x' },
      { property: 'left out', attribute: 'title', type: 'integer', onError: 'skip' },
    ],
    { asset: assetWith({}), products: [productWith({ Name: 'a', title: 'b', Size: 'c' }, 'SKU-1')] },
    { onMapped: (property, rule) => told.set(property, rule) },
  )
  expect(Object.fromEntries(told)).toEqual({
    'wknd-name': 'attribute title',
    'wknd-title': 'every attribute: title',
    'wknd-size': 'every attribute: Size',
    'wknd-gone': 'attribute none',
    fixed: 'value',
    made: 'compute',
  })
})

describe('an attribute rule', () => {
  const title = { property: 'dc:title', attribute: 'name' } as const

  test('takes the value as the PIM has it', () => {
    expect(map([title], { name: 'Lamp', other: 1 })).toEqual({ 'dc:title': 'Lamp' })
  })

  test('turns it into the type it asks for', () => {
    expect(map([{ ...title, type: 'integer' }], { name: '12' })).toEqual({ 'dc:title': 12 })
  })

  test('writes one value by itself and several as a list, unless it says otherwise', () => {
    expect(map([title], { name: ['a'] })).toEqual({ 'dc:title': 'a' })
    expect(map([title], { name: ['a', 'b', 'a', ''] })).toEqual({ 'dc:title': ['a', 'b'] })
    expect(map([{ ...title, multiple: true }], { name: 'a' })).toEqual({ 'dc:title': ['a'] })
    expect(map([{ ...title, multiple: false }], { name: ['a', 'b'] })).toEqual({ 'dc:title': 'a' })
  })

  test('collects the values of several products in their order, each once', () => {
    const products: Attributes[] = [{ name: 'b' }, { name: ['a', 'b'] }, { name: null }, { other: 'x' }]
    expect(map([title], ...products)).toEqual({ 'dc:title': ['b', 'a'] })
    expect(map([{ ...title, multiple: false }], ...products)).toEqual({ 'dc:title': 'b' })
  })

  test.each([[{}], [{ name: null }], [{ name: '' }], [{ name: [] }], [{ name: [null, ''] }]])(
    'that finds no value in %j leaves the property, removes it or writes its default',
    (attributes) => {
      expect(map([title], attributes)).toEqual({})
      expect(map([{ ...title, whenMissing: 'keep' }], attributes)).toEqual({})
      expect(map([{ ...title, whenMissing: 'remove' }], attributes)).toEqual({ 'dc:title': null })
      expect(map([{ ...title, default: 'none' }], attributes)).toEqual({ 'dc:title': 'none' })
      expect(map([{ ...title, default: 'none', whenMissing: 'remove' }], attributes)).toEqual({
        'dc:title': 'none',
      })
    },
  )

  test('gives its default the shape and type of any other value', () => {
    expect(map([{ ...title, type: 'integer', multiple: true, default: '7' }], {})).toEqual({
      'dc:title': [7],
    })
  })

  test('keeps zero and false: they are values', () => {
    const rules = [title, { property: 'b', attribute: 'b', whenMissing: 'remove' }] as const
    expect(map(rules, { name: 0, b: false })).toEqual({ 'dc:title': 0, b: false })
  })

  test('finds no attribute that is only in the prototype', () => {
    for (const attribute of ['constructor', '__proto__', 'toString'])
      expect(map([{ property: 'p', attribute, whenMissing: 'remove' }], {})).toEqual({ p: null })
  })
})

describe('a fixed rule', () => {
  test('writes its value whatever the PIM says', () => {
    const list = ['a', null, 'b']
    expect(map([{ property: 'p', value: list }], {})).toEqual({ p: ['a', 'b'] })
    expect(map([{ property: 'p', value: false }], { p: true })).toEqual({ p: false })
  })

  test('of null removes the property', () => {
    expect(map([{ property: 'p', value: null }], {})).toEqual({ p: null })
  })

  test('with a value that JSON cannot carry is an error that names the property', () => {
    expect(() => map([{ property: 'wknd-price', value: Number.NaN }], {})).toThrow('wknd-price')
  })
})

describe('a function', () => {
  test('sees all products and the asset', () => {
    const rules: MappingRule[] = [
      {
        property: 'p',
        compute: ({ products, asset }) =>
          `${asset.metadata['dc:title']}: ${products.map(({ identifier }) => identifier)}`,
      },
    ]
    expect(map(rules, {}, {})).toEqual({ p: 'held: SKU-1,SKU-2' })
  })

  test('that gives undefined or null has no value', () => {
    for (const nothing of [undefined, null]) {
      const rule = { property: 'p', compute: () => nothing }
      expect(map([rule], {})).toEqual({})
      expect(map([{ ...rule, default: 'd' }], {})).toEqual({ p: 'd' })
      expect(map([{ ...rule, whenMissing: 'remove' }], {})).toEqual({ p: null })
    }
  })

  test('has its value shaped and typed like any other', () => {
    const rule = { property: 'p', compute: () => ['1', '2'] }
    expect(map([{ ...rule, type: 'integer' }], {})).toEqual({ p: [1, 2] })
    expect(map([{ ...rule, multiple: false }], {})).toEqual({ p: '1' })
  })

  const loop: unknown[] = []
  loop.push(loop)
  test.each<[string, unknown]>([
    ['a promise', Promise.resolve('x')],
    ['a function', () => 'x'],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a list with a hole', [1, undefined]],
    ['a list that contains itself', loop],
    ['an object with undefined', { a: undefined }],
  ])('that gives %s is a permanent error that names the property', (_name, value) => {
    const rule = { property: 'wknd-odd', compute: () => value as JsonValue }
    expect(() => map([rule], {})).toThrow(
      expect.objectContaining({
        code: 'MAPPING_FAILED',
        failureClass: 'permanent',
        message: expect.stringContaining('to wknd-odd in config/enrichment.ts'),
      }),
    )
  })

  test.each<[string, unknown]>([
    ['an error', new TypeError('no such thing')],
    ['a text', 'no such thing'],
    ['undefined', undefined],
    ['an object', { toString: () => 'no such thing' }],
  ])('that throws %s is a permanent error that names the property', (_name, thrown) => {
    const rule = {
      property: 'wknd-odd',
      compute: () => {
        throw thrown
      },
    }
    expect(() => map([rule], {})).toThrow(
      expect.objectContaining({
        code: 'MAPPING_FAILED',
        message: expect.stringMatching(/wknd-odd .*(no such thing|undefined)/),
      }),
    )
  })
})

describe('a rule for every attribute', () => {
  test('writes each plain one to the property it names', () => {
    expect(map([everyAttribute('wknd-')], { SKUID: 'x', Weight: 2, Tags: ['a', 'b'] })).toEqual({
      'wknd-skuid': 'x',
      'wknd-weight': 2,
      'wknd-tags': ['a', 'b'],
    })
  })

  test('leaves out objects, lists of them, and what it names undefined', () => {
    const rule: MappingRule = { everyAttribute: (name) => (name === 'secret' ? undefined : name) }
    const attributes = { price: { amount: 1 }, images: [{ url: 'x' }], secret: 's', name: 'Lamp' }
    expect(map([rule], attributes)).toEqual({ name: 'Lamp' })
  })

  test('leaves a property alone whose attribute is blank, unless told to remove it', () => {
    expect(map([everyAttribute('')], { a: null, b: '' })).toEqual({})
    expect(map([{ ...everyAttribute(''), whenMissing: 'remove' }], { a: null })).toEqual({ a: null })
  })

  test('unites the attributes of all products', () => {
    expect(map([everyAttribute('')], { a: 1 }, { a: 2, b: 3 })).toEqual({ a: [1, 2], b: 3 })
  })

  test.each<[string, unknown]>([
    ['nothing', ''],
    ['null', null],
    ['a number', 7],
    ['a promise', Promise.resolve('p')],
  ])('whose function names %s is an error that names the attribute', (_name, property) => {
    const rule = { everyAttribute: () => property as string }
    expect(() => map([rule], { SKUID: 'x' })).toThrow(
      expect.objectContaining({
        code: 'MAPPING_FAILED',
        message: expect.stringContaining('attribute SKUID'),
      }),
    )
  })

  test('takes names that mean something to JavaScript for plain names', () => {
    const attribute = fc.tuple(propertyName, fc.string({ minLength: 1 }))
    fc.assert(
      fc.property(fc.uniqueArray(attribute, { selector: ([name]) => name }), (entries) => {
        const rule: MappingRule = { everyAttribute: (name) => `x-${name}` }
        const expected = entries.map(([name, value]) => [`x-${name}`, value])
        expect(map([rule], plain(entries))).toEqual(Object.fromEntries(expected))
      }),
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('a rule for every attribute, with default or whenMissing', () => {
  const context = { asset: assetWith(), products: [productWith({ a: 1, b: null })] }
  const mapWith = (rule: MappingRule, known?: readonly string[]) =>
    Object.fromEntries(mapProducts([rule], context, known === undefined ? {} : { known }))

  test('acts on the attributes that the PIM is known to have, whether the product names them or not', () => {
    const remove = { ...everyAttribute('x-'), whenMissing: 'remove' } as const
    const none = { ...everyAttribute('x-'), default: 'none' } as const
    expect(mapWith(remove)).toEqual({ 'x-a': 1, 'x-b': null })
    expect(mapWith(remove, ['a', 'b', 'c'])).toEqual({ 'x-a': 1, 'x-b': null, 'x-c': null })
    expect(mapWith(none, ['a', 'c'])).toEqual({ 'x-a': 1, 'x-b': 'none', 'x-c': 'none' })
    expect(mapWith(everyAttribute('x-'), ['a', 'c'])).toEqual({ 'x-a': 1 })
  })
})

describe('a rule that says onError: skip', () => {
  const skip = { onError: 'skip' } as const
  const mapTelling = (rules: readonly MappingRule[], attributes: Attributes) => {
    const told: string[] = []
    const desired = mapProducts(
      rules,
      { asset: assetWith(), products: [productWith(attributes)] },
      { onSkipped: ({ property, reason }) => told.push(`${property}: ${reason}`) },
    )
    return { desired: Object.fromEntries(desired), told }
  }
  const weight = { property: 'wknd-weight', attribute: 'w', type: 'number' } as const
  const name = { property: 'wknd-name', attribute: 'n' } as const

  test('leaves out the value that does not fit, tells it, and maps all else', () => {
    const { desired, told } = mapTelling([{ ...weight, ...skip }, name], { w: '1.5 kg', n: 'Lamp' })
    expect(desired).toEqual({ 'wknd-name': 'Lamp' })
    expect(told).toEqual(['wknd-weight: "1.5 kg" is no number'])
    expect(() => map([weight, name], { w: '1.5 kg', n: 'Lamp' })).toThrow('"1.5 kg"')
  })

  test('writes those of several values that fit', () => {
    const { desired, told } = mapTelling([{ ...weight, ...skip }], { w: [1, 'heavy', '2'] })
    expect([desired, told]).toEqual([{ 'wknd-weight': [1, 2] }, ['wknd-weight: "heavy" is no number']])
  })

  test('leaves the property as it is when no value fits: the PIM has one, so it is not missing', () => {
    const rule = { ...weight, ...skip, default: 0, whenMissing: 'remove' } as const
    expect(mapTelling([rule], { w: 'heavy' }).desired).toEqual({})
    expect(mapTelling([rule], {}).desired).toEqual({ 'wknd-weight': 0 })
  })

  test('goes on when a function throws, and for each attribute by itself', () => {
    const broken: MappingRule = {
      property: 'p',
      compute: () => {
        throw new Error('no price')
      },
      ...skip,
    }
    const every: MappingRule = { ...everyAttribute('x-'), type: 'integer', ...skip }
    const { desired, told } = mapTelling([broken, every], { a: 1, b: 'two' })
    expect([desired, told]).toEqual([{ 'x-a': 1 }, ['p: no price', 'x-b: "two" is no integer']])
  })
})

describe('the mapping', () => {
  test('lets the later rule win where two name a property', () => {
    const rules = [everyAttribute(''), { property: 'name', value: 'fixed' }]
    expect(map(rules, { name: 'PIM' })).toEqual({ name: 'fixed' })
    expect(map(rules.toReversed(), { name: 'PIM' })).toEqual({ name: 'PIM' })
  })

  test('keeps what an earlier rule wrote when the later one has no value', () => {
    const rules: MappingRule[] = [
      { property: 'p', attribute: 'a' },
      { property: 'p', attribute: 'b' },
    ]
    expect(map(rules, { a: 'from a' })).toEqual({ p: 'from a' })
  })

  test('says which value does not fit the type of which property', () => {
    const rules: MappingRule[] = [{ property: 'wknd-weight', attribute: 'w', type: 'number' }]
    expect(() => map(rules, { w: 'heavy' })).toThrow(
      'the mapping to wknd-weight in config/enrichment.ts failed: "heavy" is no number',
    )
  })

  test('gives the default configuration the properties that the mock promises', () => {
    expect(map(enrichment.mapping, { SKUID: 'MockSKU 123', SupplierName: 'mock-supplier' })).toEqual({
      'wknd-skuid': 'MockSKU 123',
      'wknd-suppliername': 'mock-supplier',
    })
  })
})
