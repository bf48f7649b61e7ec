import fc from 'fast-check'
import { createRedactor } from '../../src/core/redaction'
import { anyText } from './any-text'

/** Text that the mask itself cannot hold. */
const secret = anyText({ minLength: 8, maxLength: 40 }).filter((text) => text.trim().length >= 8)

describe('a known secret', () => {
  it('survives in no value, name, error or list, however deep', () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), fc.nat(6), (known, before, after, depth) => {
        const redactor = createRedactor([known])
        const text = `${before}${known}${after}`
        const failure = Object.assign(new Error(text, { cause: text }), { code: text })
        failure.name = text
        let value: unknown = { text, [text]: 1, list: [text, [text]], failure, map: new Map([[text, text]]) }
        for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { value }

        const seen = JSON.stringify(redactor.value(value))

        expect(seen).not.toContain(JSON.stringify(known).slice(1, -1))
        expect(redactor.text(text)).not.toContain(known)
      }),
      { numRuns: 300 },
    )
  })

  it('is masked in the forms that it takes in a URL, a form body and JSON', () => {
    const known = "p8e+client/secret&='(x)' ~\"1"
    const { text } = createRedactor([known])
    const form = new URLSearchParams({ client_id: 'x', other: known }).toString()

    for (const shown of [known, encodeURIComponent(known), form, JSON.stringify({ other: known })]) {
      expect(text(shown)).toContain('[redacted]')
      expect(text(shown)).not.toMatch(/p8e/)
    }
  })

  it('is masked whole when it begins with another one', () => {
    expect(createRedactor(['abcdef', 'abcdefghij']).text('abcdefghij abcdef')).toBe('[redacted] [redacted]')
  })

  it('can become known later', () => {
    const redactor = createRedactor()
    redactor.add('token-of-today')

    expect(redactor.text('got token-of-today.')).toBe('got [redacted].')
  })

  it('is ignored when it is absent or too short to tell from other text', () => {
    expect(createRedactor([undefined, '', 'abc']).text('abc undefined')).toBe('abc undefined')
  })

  it('may be any text, half a character pair included', () => {
    expect(() => createRedactor(['\ud800 lonely half'])).not.toThrow()
  })
})

describe('a very long text', () => {
  it.each(['a.', '-eyJ', 'eyJaaaaa.', 'x://', '?sig=', 'Basic ', 'Bearer aaaaaaaa', '://a@'])(
    'costs no more than its length, and says that it is cut: %s',
    (piece) => {
      const redactor = createRedactor()
      const timeOf = (text: string): number => {
        const times = [0, 1, 2].map(() => {
          const started = performance.now()
          redactor.value({ ':': text })
          return performance.now() - started
        })
        return Math.min(...times)
      }
      const short = timeOf(piece.repeat(Math.ceil(20_000 / piece.length)))
      // Eight times the length; its square would be 64 times.
      const long = timeOf(piece.repeat(Math.ceil(160_000 / piece.length)))

      expect(long).toBeLessThan(25 * Math.max(short, 10))
      expect(redactor.text(piece.repeat(200_000))).toMatch(/\[cut: \d+ characters\]$/)
    },
  )

  it('keeps no part of a secret at its end', () => {
    const known = `-----BEGIN KEY-----${' line of a key'.repeat(1_000)}`
    const redactor = createRedactor([known])

    for (const before of [199_990, 200_000, 205_000, 208_190, 209_000, 213_990]) {
      const text = redactor.text(`${'x'.repeat(before)} ${known} and more`)
      expect(text).not.toMatch(/BEGIN|line of/)
      expect(text.length).toBeLessThan(210_000)
    }
  })
})

describe('a secret that nobody named', () => {
  it.each([
    'Authorization: Bearer abcdefgh12345678',
    'Authorization: Basic dXNlcjpwYXNzd29yZA==',
    'Proxy-Authorization: Basic abcdefgh12345678',
    '{\\"authorization\\":\\"Basic abcdefgh12345678\\"}',
    'curl sent Basic dXNlcjpwYXNzd29yZA== and was refused',
    'curl sent Basic dXNlcjpwYXNzd29yZA.',
    'token eyJhbGciOiJSUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl here',
    'two in a row: x-eyJhbGciOiJSUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl.eyJhbGciOiJSUzI1NiJ9.c2lnbmF0dXJl',
    'https://user:sesame-open@example.com/path',
    'https://user:ses@me-open@example.com/path',
    'https://x.blob.core.windows.net/c/b?sv=2019-02-02&sig=abcdefgh12345678&se=2030',
    'https://s3.amazonaws.com/b?X-Amz-Signature=abcdefgh12345678&X-Amz-Credential=abcdefgh12345678',
    'grant_type=client_credentials&client_secret=abcdefgh12345678',
  ])('is known by its form: %s', (text) => {
    expect(createRedactor().text(text)).not.toMatch(/abcdefgh12345678|dXNlcjp|c2lnbmF0|sesame|ses@me|me-open/)
  })

  it.each([
    'client_secret',
    'clientSecret',
    'Authorization',
    'password',
    'passwd',
    'ADC_CECREDENTIALS_CLIENTSECRET',
    'access_token',
    'x-api-key',
    'apiKey',
    'privateKey',
    'Set-Cookie',
    'x-adobe-digital-signature-1',
    'sig',
    'auth',
  ])('is known by its name: %s', (name) => {
    expect(createRedactor().value({ [name]: { nested: 'open sesame' }, a: [{ [name]: 42 }] })).toEqual({
      [name]: '[redacted]',
      a: [{ [name]: '[redacted]' }],
    })
  })
})

describe('what is no secret', () => {
  it('stays as it is', () => {
    const value = {
      text: 'AEM answered 503: https://author-p1-e2.adobeaemcloud.com/content/dam/a b.jpg?width=10',
      time: '2030-01-02T03:04:05Z',
      mail: 'someone@example.com',
      path: '/content/dam/Basic Collection/shirt.png',
      word: 'Basic instructions, basic authentication, Basic 2025-03-09',
      author: 'ada',
      number: 1.5,
      nothing: null,
      yes: true,
      list: [1, 'two'],
    }

    expect(createRedactor(['something-else']).value(value)).toEqual(value)
  })
})

describe('a hint how a value looks', () => {
  it.each([
    'must end with a shared access signature (?sv=...&sig=...)',
    'must end with a shared access signature (?sv=…&sig=…).',
    'such as `https://account.blob.core.windows.net/container?sv=...&sig=...`',
    'must contain {identifier}: https://pim.example.com/products?key={identifier}',
    'must carry the user name: sftp://user@host/folder',
  ])('stays readable: %s', (hint) => {
    expect(createRedactor(['something-else']).text(hint)).toBe(hint)
  })

  it.each([
    '?sv=...hunter22&sig=...',
    '?sig=...)hunter22',
    '?sig={key}hunter22',
    'https://user:hunter22@a.example.com',
    'https://...hunter22@a.example.com',
  ])('covers no real value: %s', (text) => {
    expect(createRedactor().text(text)).not.toContain('hunter22')
  })
})

describe('any value', () => {
  const hostile: [string, () => unknown][] = [
    [
      'a circle',
      () => {
        const it: Record<string, unknown> = {}
        it.self = it
        return it
      },
    ],
    [
      'a property that throws',
      () => ({
        get bad() {
          throw new Error('no')
        },
      }),
    ],
    [
      'a proxy that throws',
      () =>
        new Proxy(
          {},
          {
            ownKeys() {
              throw new Error('no')
            },
          },
        ),
    ],
    ['an error whose message is no text', () => Object.assign(new Error(), { message: { a: 1 } })],
    [
      'an error whose message throws',
      () =>
        Object.defineProperty(new Error(), 'message', {
          get() {
            throw new Error('no')
          },
        }),
    ],
    ['a big integer', () => ({ n: 10n })],
    ['a symbol', () => ({ s: Symbol('x') })],
    ['a function', () => ({ f: () => 1 })],
    ['an object without prototype', () => Object.assign(Object.create(null), { a: 1 })],
    ['an object without constructor', () => Object.create(Object.create(null))],
    ['bytes', () => Buffer.from('x')],
    [
      'depth',
      () => {
        let it: unknown = 'x'
        for (let i = 0; i < 5_000; i++) it = [it]
        return it
      },
    ],
  ]

  it.each(hostile)('comes out as something that can be written: %s', (_, make) => {
    const copy = createRedactor(['secret-1']).value({ item: make() })

    expect(() => JSON.stringify(copy)).not.toThrow()
  })

  it('is not changed itself', () => {
    const value = { a: ['secret-1'], password: 'x' }
    createRedactor(['secret-1']).value(value)

    expect(value).toEqual({ a: ['secret-1'], password: 'x' })
  })
})
