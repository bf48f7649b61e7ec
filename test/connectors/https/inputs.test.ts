import { https } from '../../../src/connectors/https/destination'
import { createRedactor } from '../../../src/core/redaction'
import { contextOf } from '../kit/destination-context'

const make = (more: Record<string, string | undefined> = {}, options: Parameters<typeof https>[0] = {}) =>
  https(options).create(
    contextOf({ HTTPS_URL: 'https://files.example.com/{key}', HTTPS_HEAD: 'x-held-version', ...more }),
  )

describe('the inputs of https', () => {
  it.each([
    ['HTTPS_URL', undefined],
    ['HTTPS_URL', 'http://example.com/{key}'],
    ['HTTPS_URL', 'https://user:hunter22@example.com/{key}'],
    ['HTTPS_URL', 'https://example.com/fixed'],
    ['HTTPS_URL', 'https://{key}.example.com/'],
    ['HTTPS_URL', 'https://example.com:{key}/'],
    ['HTTPS_METHOD', 'PATCH'],
    ['HTTPS_HEAD', 'no header'],
    ['HTTPS_AUTH', 'hunter22'],
    ['HTTPS_AUTH', 'Digest hunter22'],
    ['HTTPS_HEADERS', 'hunter22'],
    ['HTTPS_HEADERS', 'Content-Length: 3'],
    ['HTTPS_HEADERS', 'X-Source-Version: 3'],
  ])('names the input that is wrong: %s=%s', (input, value) => {
    const create = () => make({ [input]: value })
    expect(create).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(create).toThrow(input)
    expect(create).not.toThrow('hunter22')
  })

  it('makes its secrets known', () => {
    const redactor = createRedactor()
    const inputs = {
      HTTPS_AUTH: 'Basic me:hunter22',
      HTTPS_SECRET: 'open sesame',
      HTTPS_HEADERS: 'X-Key: abcdef',
    }
    https().create(contextOf({ HTTPS_URL: 'https://example.com/{key}', ...inputs }, { redactor }))
    const encoded = Buffer.from('me:hunter22').toString('base64')
    expect(redactor.text(`hunter22 ${encoded} open sesame abcdef`)).toBe(
      '[redacted] [redacted] [redacted] [redacted]',
    )
  })

  it('looks and removes only where it is told that the endpoint can', () => {
    const methodsOf = (destination: ReturnType<typeof make>) => [
      destination.head !== undefined,
      destination.remove !== undefined,
    ]
    expect(methodsOf(make({ HTTPS_HEAD: undefined }))).toEqual([false, false])
    expect(methodsOf(make({ HTTPS_HEAD: 'off' }, { conditional: true }))).toEqual([false, false])
    expect(methodsOf(make())).toEqual([true, false])
    expect(methodsOf(make({}, { conditional: true, atomic: true, remove: true }))).toEqual([true, true])
  })

  it('take a fixed URL for a POST whose version nobody asks', () => {
    const fixed = { HTTPS_URL: 'https://files.example.com/in', HTTPS_METHOD: 'POST' }
    expect(make({ ...fixed, HTTPS_HEAD: 'off' }).head).toBeUndefined()
    expect(() => make(fixed)).toThrow('HTTPS_URL')
  })
})
