import { createRedactor } from '../../src/core/redaction'
import { createLogger } from '../../src/runtime/logger'

const steering = /[\p{Cc}\u2028\u2029\u202a-\u202e]/u

describe('a line of the log', () => {
  let written: string[]
  let spy: jest.SpyInstance
  // Once: the library keeps what the console's method was when it was first used.
  beforeAll(() => {
    spy = jest.spyOn(console, 'log').mockImplementation((text) => {
      written.push(String(text))
    })
  })
  beforeEach(() => {
    written = []
  })
  afterAll(() => spy.mockRestore())

  it('is one line, whatever others wrote into it', () => {
    const hostile = 'a\u001b[2J\n2030-01-01 error: forged\r\u009b\u2028\u202e'
    createLogger('test', 'info', { redactor: createRedactor(), fields: { path: hostile } }).info(hostile, {
      [hostile]: [hostile],
    })

    const text = written.join('')
    expect(text).toContain('\\u001b[2J')
    expect(text.trimEnd()).not.toMatch(steering)
  })

  it('is bounded', () => {
    const path = 'x'.repeat(5_000_000)
    createLogger('test', 'info', { redactor: createRedactor() }).info(path, { path, other: path })

    expect(written.join('').length).toBeLessThan(110_000)
    expect(written.join('')).toMatch(/\[cut: \d+ characters\]\s*$/)
  })
})
