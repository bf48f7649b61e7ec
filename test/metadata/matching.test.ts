import fc from 'fast-check'
import type { Asset } from '../../src/core/asset'
import type { JsonValue } from '../../src/core/json'
import type { ProductRef } from '../../src/core/product'
import { candidatesOf, fromFileName, fromPath, fromProperty, type Matcher } from '../../src/metadata/matching'
import { anyText } from '../core/any-text'
import { assetWith, plain, propertyName } from './fixtures'

const values = (matcher: Matcher, asset: Asset) => candidatesOf(matcher, asset).map(({ value }) => value)
const named = (name: string) => assetWith({ name, path: `/content/dam/shop/${name}` })

describe('candidates from a property', () => {
  const matcher = fromProperty('wknd-skuid')

  test.each<[string, JsonValue, string[]]>([
    ['one value', 'A-1', ['A-1']],
    ['a number', 4711, ['4711']],
    ['several values, each once', ['A-1', 'B-2', 'A-1'], ['A-1', 'B-2']],
    ['blanks around a value', '  A-1\n', ['A-1']],
    ['blank values', ['', '  ', null, 'A-1'], ['A-1']],
    ['null', null, []],
    ['what names no product', [true, { a: 1 }, ['A-1']], []],
  ])('are read from %s', (_name, value, expected) => {
    expect(values(matcher, assetWith({ metadata: { 'wknd-skuid': value } }))).toEqual(expected)
  })

  test('are none when the property is not there, whatever its name', () => {
    for (const property of ['wknd-skuid', '__proto__', 'constructor', 'toString'])
      expect(values(fromProperty(property), assetWith())).toEqual([])
  })

  test('are found under names that mean something to JavaScript', () => {
    fc.assert(
      fc.property(propertyName, (property) => {
        const asset = assetWith({ metadata: plain([[property, 'A-1']]) })
        expect(values(fromProperty(property), asset)).toEqual(['A-1'])
      }),
    )
  })

  test('are of the kind that the rule names', () => {
    const asset = assetWith({ metadata: { uuid: 'u' } })
    expect(candidatesOf(fromProperty('uuid', 'uuid'), asset)).toEqual([{ kind: 'uuid', value: 'u' }])
  })

  test('are cut to a number that a PIM can be asked for', () => {
    const metadata = { many: Array.from({ length: 1_000 }, (_, index) => `A-${index}`) }
    expect(values(fromProperty('many'), assetWith({ metadata }))).toHaveLength(100)
  })
})

describe('candidates from the file name', () => {
  test.each([
    ['lamp.png', 'lamp'],
    ['lamp (1).png', 'lamp (1)'],
    ['lamp.v1.2.tif', 'lamp.v1.2'],
    ['lamp', 'lamp'],
    ['.hidden', '.hidden'],
    ['lamp.', 'lamp'],
    ['  lamp .png', 'lamp'],
    ['ランプ 100%.png', 'ランプ 100%'],
    ['💡.png', '💡'],
    ['a,b;c?d#e.png', 'a,b;c?d#e'],
    ['...png', '..'],
  ])('of %j are its name without the extension: %j', (name, expected) => {
    expect(values(fromFileName(), named(name))).toEqual([expected])
  })

  test('are none when AEM tells no name', () => {
    expect(values(fromFileName(), assetWith({ name: '' }))).toEqual([])
  })

  test('come in both spellings of an accent, for a Mac writes é as two characters', () => {
    const [apart, composed] = ['cafe\u0301', 'caf\u00e9']
    expect(values(fromFileName(), named(`${apart}.png`))).toEqual([apart, composed])
    expect(values(fromFileName(), named(`${composed}.png`))).toEqual([composed])
  })

  test.each<[string, RegExp, string, string[]]>([
    ['one group', /^(\w+)_/, 'A1_front.png', ['A1']],
    ['several groups', /^(\w+?)_(\w+?)_/, 'A1_B2_front.png', ['A1', 'B2']],
    ['a group that takes no part', /^(?:(\d+)|(\w+))_/, 'A1_front.png', ['A1']],
    ['a named group', /(?<sku>[A-Z]\d)/, 'x A1 B2.png', ['A1']],
    ['no group', /[A-Z]\d/, 'x A1 B2.png', ['A1']],
    ['no group, every match', /[A-Z]\d/g, 'x A1 B2 A1.png', ['A1', 'B2']],
    ['a group, every match', /([A-Z])\d/g, 'x A1 B2.png', ['A', 'B']],
    ['no match', /^\d{8}/, 'lamp.png', []],
    ['an empty match', /x*/g, 'lamp.png', []],
  ])('are what a pattern catches: %s', (_name, pattern, name, expected) => {
    expect(values(fromFileName(pattern), named(name))).toEqual(expected)
  })

  test.each([[/^(\w\d)/y], [/(\w\d)/g], [/(\w\d)/gy], [/(\w\d)/]])(
    'are the same for every asset: %s does not remember the one before',
    (pattern) => {
      const matcher = fromFileName(pattern)
      const rounds = [1, 2, 3].map(() => values(matcher, named('A1.png')))
      expect(rounds).toEqual([['A1'], ['A1'], ['A1']])
      // Somebody else uses the pattern, too.
      pattern.lastIndex = 4
      expect(values(matcher, named('A1.png'))).toEqual(['A1'])
    },
  )

  test('are none where a sticky pattern does not match at the beginning', () => {
    expect(values(fromFileName(/[A-Z]\d/y), named('x A1.png'))).toEqual([])
  })

  test('give back any identifier that a file is named by', () => {
    const identifier = anyText({ minLength: 1, maxLength: 20 })
      .filter((text) => !/^\.|\//.test(text))
      .map((text) => text.trim().normalize('NFC'))
      .filter((text) => text !== '')
    fc.assert(
      fc.property(identifier, fc.constantFrom('.png', '.tar.gz', '.JPEG'), (text, extension) => {
        const [first] = values(fromFileName(), named(`${text}${extension}`))
        expect(first).toBe(extension === '.tar.gz' ? `${text}.tar` : text)
      }),
    )
  })
})

test('candidates from the path are what the pattern catches in the whole of it', () => {
  const asset = named('front (1).png')
  expect(values(fromPath(/\/dam\/([^/]+)\//), asset)).toEqual(['shop'])
  expect(values(fromPath(/^\/content\/archive\//), asset)).toEqual([])
})

describe('a rule of the user', () => {
  const rule = (refs: () => unknown): Matcher => ({ name: 'mine', refs: refs as Matcher['refs'] })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('odd')
      },
    ],
    ['gives a promise', () => Promise.resolve([])],
    ['gives nothing', () => undefined],
    ['gives a text', () => 'A-1'],
    ['gives texts', () => ['A-1']],
    ['gives null among them', () => [null]],
    ['gives a number as value', () => [{ kind: 'identifier', value: 4711 }]],
    ['gives an unknown kind', () => [{ kind: 'sku', value: 'A-1' }]],
  ])('that %s is a permanent error that names the rule', (_name, refs) => {
    expect(() => candidatesOf(rule(refs), assetWith())).toThrow(
      expect.objectContaining({
        code: 'MATCHER_FAILED',
        failureClass: 'permanent',
        message: expect.stringContaining('"mine" in config/enrichment.ts'),
      }),
    )
  })

  test('may leave a value empty', () => {
    const refs: ProductRef[] = [
      { kind: 'identifier', value: '' },
      { kind: 'model', value: 'M' },
    ]
    expect(
      candidatesOf(
        rule(() => refs),
        assetWith(),
      ),
    ).toEqual([{ kind: 'model', value: 'M' }])
  })
})

test('whatever an asset holds, candidates are trimmed, distinct and not empty', () => {
  const rules = [fromProperty('p'), fromFileName(), fromFileName(/(\w+)\W?(\w+)?/g), fromPath(/[^/]+/g)]
  fc.assert(
    fc.property(fc.jsonValue(), anyText(), (value, name) => {
      const asset = assetWith({ ...named(name), metadata: { p: value as JsonValue } })
      for (const matcher of rules) {
        const found = values(matcher, asset)
        expect(found).toEqual([...new Set(found.map((text) => text.trim()))].filter((text) => text !== ''))
      }
    }),
    { numRuns: 1_000 },
  )
})
