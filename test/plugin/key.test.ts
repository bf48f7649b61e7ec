import fc from 'fast-check'
import { isTemporaryName, temporaryPath, versionPath } from '../../src/connectors/kit/hidden-names'
import type { KeySource } from '../../src/plugin/key'
import { byDate, bySku, flat, pathBelowDam, safeKey } from '../../src/plugin/key'

const asset = (path: string, more: Partial<KeySource> = {}): KeySource => ({
  path,
  name: path.slice(path.lastIndexOf('/') + 1),
  metadata: {},
  ...more,
})

/** Pieces that some file system, shell, URL or person stumbles over. */
const nasty = fc.constantFrom(
  ...[
    '.',
    '..',
    ' ',
    '~',
    '-',
    '\\',
    ':',
    '*',
    '?',
    '"',
    '<',
    '>',
    '|',
    '%2F',
    '%00',
    '\0',
    '\n',
    '\r',
    '\t',
  ],
  ...['\u007f', '\u0085', 'é', 'é'.normalize('NFD'), 'ﬁ', '💡', '\ud800', '\udfff', '\u202e', '\u200b'],
  ...[
    '.part',
    '.PART',
    '.version',
    'con',
    'NUL',
    'lpt1',
    '-0123456789ab',
    '_',
    '.png',
    'a',
    'A',
    'x'.repeat(90),
    'ü'.repeat(90),
  ],
)
const segment = fc
  .oneof(
    fc.array(nasty, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
    fc.string({ minLength: 1 }),
  )
  .map((text) => text.replaceAll('/', ''))
  .filter((text) => text !== '')
const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => segments.join('/'))
const isRefusedSomewhere = (character: string): boolean =>
  character < ' ' || (character >= '\u007f' && character < '\u00a0') || '\\:*?"<>|'.includes(character)
const isBadName = (name: string): boolean =>
  name === '' ||
  Buffer.byteLength(name) > 230 ||
  /^\.|[. ]$|\.part$/i.test(name) ||
  [...name].some(isRefusedSomewhere) ||
  /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)
const runs = { numRuns: 3_000 }

describe('safeKey', () => {
  it.each(['.', ' ', '. ', '/.', '.a', '-0123456789ab.', 'con.', '.part'])(
    'costs no more than a text is long: %s',
    (piece) => {
      const started = performance.now()

      safeKey(piece.repeat(100_000))
      safeKey(`${piece.repeat(100_000)}x`)

      // With the square of the length it would be minutes.
      expect(performance.now() - started).toBeLessThan(15_000)
    },
    30_000,
  )

  it('leaves ordinary names as they are', () => {
    for (const key of [
      'lamp.png',
      'shop/Lampe für Süßes (1).png',
      'a/b c/d+e=f.tar.gz',
      '-rf',
      '~',
      'console.log',
    ])
      expect(safeKey(key)).toBe(key)
  })

  it('makes a name of every path that every destination can hold, and that nobody takes for a hidden file', () => {
    fc.assert(
      fc.property(path, (text) => {
        const key = safeKey(text)
        expect(key.isWellFormed()).toBe(true)
        expect(key).toBe(key.normalize('NFC'))
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(900)
        expect(key.split('/').filter(isBadName)).toEqual([])
        for (const hidden of [temporaryPath(key), versionPath(key)])
          expect(Buffer.byteLength(hidden.slice(hidden.lastIndexOf('/') + 1))).toBeLessThanOrEqual(255)
        expect(isTemporaryName(key)).toBe(false)
      }),
      runs,
    )
  })

  it.each(['.', '. ', '.part', '.PART'])('leaves no %p at the end of a name that it cuts', (end) => {
    const key = safeKey(`${'x'.repeat(187 - end.length)}${end}and what is cut off`)
    expect(key).toMatch(/^x+(_+|_part)-[0-9a-f]{12}$/i)
  })

  it('gives different paths different keys', () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        fc.pre(one !== other)
        expect(safeKey(one)).not.toBe(safeKey(other))
      }),
      runs,
    )
  })

  it('gives no path the key that another one was changed to', () => {
    fc.assert(
      fc.property(path, (text) => {
        const key = safeKey(text)
        if (key !== text) expect(safeKey(key)).not.toBe(key)
      }),
      runs,
    )
  })

  it('keeps every file in its folder, unless the whole is too long', () => {
    fc.assert(
      fc.property(path, segment, segment, (folder, one, other) => {
        const [first, second] = [safeKey(`${folder}/${one}`), safeKey(`${folder}/${other}`)]
        fc.pre(first.includes('/') && second.includes('/'))
        expect(first.slice(0, first.lastIndexOf('/'))).toBe(second.slice(0, second.lastIndexOf('/')))
      }),
      runs,
    )
  })

  it.each([
    ['two spellings of one letter', 'é.png', 'é.png'.normalize('NFD')],
    ['broken characters', '\ud800.png', '\udfff.png'],
    ['characters that some systems refuse', 'a:b.png', 'a?b.png'],
    ['a dot at the end', 'a.', 'a_'],
    ['long names', `${'n'.repeat(255)}.png`, `${'n'.repeat(254)}o.png`],
    ['long paths', `${'deep/'.repeat(300)}a.png`, `${'deep/'.repeat(301)}a.png`],
    ['a device of Windows', 'NUL.png', '_NUL.png'],
  ])('tells apart %s', (_what, one, other) => {
    expect(safeKey(one)).not.toBe(safeKey(other))
  })

  it('keeps the extension, so that a file keeps its kind', () => {
    for (const name of [
      'a:b.png',
      `${'n'.repeat(300)}.png`,
      'NUL.png',
      'é.png'.normalize('NFD'),
      `${'d/'.repeat(500)}a.png`,
    ])
      expect(safeKey(name)).toMatch(/-[0-9a-f]{12}\.png$/)
  })

  it('says what is wrong with nothing at all', () => {
    for (const text of ['', '/', '//'])
      expect(() => safeKey(text)).toThrow(
        expect.objectContaining({ failureClass: 'permanent', code: 'KEY_EMPTY' }),
      )
  })
})

describe('key templates', () => {
  const lamp = asset('/content/dam/shop/lamp.png', {
    metadata: { 'wknd-skuid': ['MockSKU 123', 'other'], 'my:day': '2025-03-09T23:30:00-02:00' },
    repository: { 'repo:createDate': '2024-12-31T10:00:00.000Z' },
  })

  it('place an asset below the DAM root, flat, by its SKU or by its date', () => {
    expect(pathBelowDam()(lamp)).toBe('shop/lamp.png')
    expect(flat()(lamp)).toMatch(/^lamp-[0-9a-f]{12}\.png$/)
    expect(bySku()(lamp, { linkProperty: 'wknd-skuid' })).toMatch(/^MockSKU 123\/lamp-[0-9a-f]{12}\.png$/)
    expect(byDate()(lamp)).toMatch(/^2024\/12\/31\/lamp-[0-9a-f]{12}\.png$/)
  })

  it('take the property that they are told to, and a day in UTC', () => {
    expect(bySku('my:sku')(asset('/content/dam/a.png', { metadata: { 'my:sku': 4711 } }))).toMatch(
      /^4711\/a-/,
    )
    expect(byDate('my:day')(lamp)).toMatch(/^2025\/03\/10\//)
    expect(byDate('my:day')(asset('/content/dam/a', { metadata: { 'my:day': '2025-03-09' } }))).toMatch(
      /^2025\/03\/09\//,
    )
    expect(byDate('my:day')(asset('/content/dam/a', { metadata: { 'my:day': '2025-03-09T00:10' } }))).toMatch(
      /^2025\/03\/09\//,
    )
  })

  it.each([[''], ['  '], [null], [[]], [{}], [false]])(
    'know where to go without a SKU or a date: %p',
    (value) => {
      const file = asset('/content/dam/a.png', { metadata: { value } })
      expect(byDate('value')(file)).toMatch(/^undated\/a-/)
      expect(byDate('value', 'later')(file)).toMatch(/^later\/a-/)
      expect(bySku('value')(file)).toMatch(/^without-sku\/a-/)
      expect(bySku('value', 'misc')(file)).toMatch(/^misc\/a-/)
      expect(bySku('absent')(file)).toMatch(/^without-sku\/a-/)
    },
  )

  it.each(['yesterday', '2025-13-01', '7', '2025-03-09T25:00Z', '09.03.2025'])(
    'take no date from %p',
    (value) => {
      const file = asset('/content/dam/a.png', { metadata: { value } })
      expect(byDate('value')(file)).toMatch(/^undated\/a-/)
    },
  )

  it.each([
    ['flat', flat()],
    ['bySku', bySku()],
    ['byDate', byDate()],
  ])('%s keeps assets of one name, one SKU and one date apart', (_name, template) => {
    const more = { metadata: lamp.metadata, repository: lamp.repository ?? {} }
    const keys = ['/content/dam/a/lamp.png', '/content/dam/b/lamp.png'].map((at) =>
      safeKey(template(asset(at, more), { linkProperty: 'wknd-skuid' })),
    )
    expect(new Set(keys).size).toBe(2)
  })

  it('take the SKU from the link property, whichever that is', () => {
    const file = asset('/content/dam/a.png', { metadata: { 'wknd-skuid': 'old', 'acme:sku': 'new' } })
    expect(bySku()(file, { linkProperty: 'acme:sku' })).toMatch(/^new\/a-/)
    expect(bySku('wknd-skuid')(file, { linkProperty: 'acme:sku' })).toMatch(/^old\/a-/)
    expect(() => bySku()(file)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('never lead out of the root, whatever the SKU is', () => {
    fc.assert(
      fc.property(fc.oneof(path, fc.constantFrom('..', '../..', '/', '/etc/passwd', '.hidden')), (sku) => {
        const key = safeKey(bySku('sku')(asset('/content/dam/lamp.png', { metadata: { sku } })))
        expect(key.split('/').every((name) => !name.startsWith('.'))).toBe(true)
        expect(key.split('/').length).toBeLessThanOrEqual(2)
      }),
    )
  })

  it('do with the path when AEM does not tell the name', () => {
    expect(flat()(asset('/content/dam/shop/lamp.png', { name: '' }))).toBe(flat()(lamp))
  })

  it('say when an asset does not lie in the DAM', () => {
    for (const at of ['', '/content/dam', '/etc/secret'])
      expect(() => safeKey(pathBelowDam()(asset(at)))).toThrow(expect.objectContaining({ code: 'KEY_EMPTY' }))
  })
})
