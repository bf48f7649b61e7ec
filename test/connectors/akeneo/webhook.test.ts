import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { akeneoWebhook } from '../../../src/connectors/akeneo/webhook'

const isSigned = (body: Uint8Array, headers: Record<string, string>, secrets: readonly string[]): boolean =>
  akeneoWebhook.verify({ body, headers }, secrets)
const sign = (body: Uint8Array, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('hex')
const primary = (signature: string) => ({ 'x-akeneo-signature-primary': signature })
const secondary = (signature: string) => ({ 'x-akeneo-signature-secondary': signature })
const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 })
const secret = fc.string({ minLength: 1, maxLength: 40 })

test('RFC 4231, case 2', () => {
  const body = Buffer.from('what do ya want for nothing?')
  const signature = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'

  expect(isSigned(body, primary(signature), ['Jefe'])).toBe(true)
  expect(isSigned(body, primary(signature.toUpperCase()), ['Jefe'])).toBe(false)
  expect(isSigned(body, primary(` ${signature}`), ['Jefe'])).toBe(false)
  expect(isSigned(body, primary(`sha256=${signature}`), ['Jefe'])).toBe(false)
})

test('any known secret in either header lets it in', () => {
  fc.assert(
    fc.property(
      bytes,
      secret,
      fc.array(secret),
      fc.array(secret),
      fc.boolean(),
      (body, known, before, after, first) => {
        const header = first ? primary(sign(body, known)) : secondary(sign(body, known))
        expect(isSigned(body, header, [...before, known, ...after])).toBe(true)
      },
    ),
  )
})

test('a secret is replaced on either side first, and nothing is refused', () => {
  const body = Buffer.from('{"id":"ev-1"}')
  const [old, next] = ['the old secret', 'the new secret']
  const sent = [
    primary(sign(body, old)),
    { ...primary(sign(body, old)), ...secondary(sign(body, next)) },
    { ...primary(sign(body, next)), ...secondary(sign(body, old)) },
    primary(sign(body, next)),
  ]
  // The receiver changes before, between or after the sender's steps, as long as it knows both meanwhile.
  for (const headers of sent) expect(isSigned(body, headers, [next, old])).toBe(true)
  expect(sent.slice(0, 3).every((headers) => isSigned(body, headers, [old]))).toBe(true)
  expect(sent.slice(1).every((headers) => isSigned(body, headers, [next]))).toBe(true)
})

test('one changed, missing or additional byte keeps it out', () => {
  fc.assert(
    fc.property(bytes, secret, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, known, at, change) => {
      const headers = primary(sign(body, known))
      const index = at % body.length
      const forged = body.map((byte, position) => (position === index ? byte ^ change : byte))
      expect(isSigned(forged, headers, [known])).toBe(false)
      expect(isSigned(body.slice(0, -1), headers, [known])).toBe(false)
      expect(isSigned(Uint8Array.of(...body, change), headers, [known])).toBe(false)
    }),
  )
})

test('the same JSON in another spelling keeps it out', () => {
  const headers = primary(sign(Buffer.from('{"a": 1,  "b": "\\u00e9"}'), 's'))
  const again = Buffer.from(JSON.stringify(JSON.parse('{"a": 1,  "b": "\\u00e9"}')))
  expect(isSigned(again, headers, ['s'])).toBe(false)
})

test('another secret, a wrong case, a cut or any made-up signature keeps it out', () => {
  fc.assert(
    fc.property(bytes, secret, secret, fc.string(), fc.nat(63), (body, known, other, text, length) => {
      fc.pre(known !== other)
      const signature = sign(body, known)
      expect(isSigned(body, primary(sign(body, other)), [known])).toBe(false)
      expect(isSigned(body, primary(signature.slice(0, length)), [known])).toBe(false)
      expect(isSigned(body, primary(text), [known])).toBe(false)
      const shouted = signature.toUpperCase()
      if (shouted !== signature) expect(isSigned(body, primary(shouted), [known])).toBe(false)
    }),
  )
})

test('without a secret, with an empty one, or without a signature nothing gets in', () => {
  const body = Buffer.from('{}')
  expect(isSigned(body, primary(sign(body, '')), [])).toBe(false)
  expect(isSigned(body, primary(sign(body, '')), [''])).toBe(false)
  expect(isSigned(body, {}, ['s'])).toBe(false)
  expect(isSigned(body, { 'x-akeneo-request-signature': sign(body, 's') }, ['s'])).toBe(false)
})

test('a delivery of the old Events API is told from one that nobody signed', () => {
  const reasonFor = (headers: Record<string, string>) =>
    akeneoWebhook.whyUnsigned({ headers, body: Buffer.from('{}') })
  expect(reasonFor({ 'x-akeneo-request-signature': 'abc' })).toContain('old Events API')
  expect(reasonFor(primary('abc'))).toBeUndefined()
})
