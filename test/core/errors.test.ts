import { permanentError, systemicError, toBridgeError, transientError } from '../../src/core/errors'

describe('an error of the app', () => {
  it('says by its class what to do next', () => {
    expect(transientError('A', 'a').failureClass).toBe('transient')
    expect(systemicError('A', 'a').failureClass).toBe('systemic')
    expect(permanentError('A', 'a').failureClass).toBe('permanent')
  })

  it('shows code, message, class, upstream and status as JSON, and never its cause', () => {
    const error = transientError('AEM_CUT', 'cut', {
      upstream: 'AEM',
      status: 502,
      cause: { token: 'secret' },
    })

    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'AEM_CUT',
      message: 'cut',
      failureClass: 'transient',
      upstream: 'AEM',
      status: 502,
    })
  })
})

describe('whatever is thrown', () => {
  it('stays itself when it is an error of the app', () => {
    const error = permanentError('GONE', 'gone')

    expect(toBridgeError(error)).toBe(error)
  })

  it.each([
    [new TypeError('bug')],
    ['text'],
    [undefined],
    [null],
    [42],
    [{ a: 1 }],
    [Symbol('x')],
    [Object.create(null)],
  ])('is transient, so that nothing is lost: %p', (thrown) => {
    expect(toBridgeError(thrown)).toMatchObject({ failureClass: 'transient', code: 'UNEXPECTED' })
  })
})
