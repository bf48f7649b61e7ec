import { permanentError, systemicError, transientError } from '../../src/core/errors'
import { createAction } from '../../src/runtime/action'
import { type Answer, failure, forProgram, success } from '../../src/runtime/answer'

const quiet = { LOG_LEVEL: 'error' }

beforeEach(() => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined)
  delete process.env.__OW_DEADLINE
})
afterEach(() => jest.restoreAllMocks())

describe('an action', () => {
  test.each([null, undefined, 'text', 7, [], () => 1])(
    'gets %p as params and still answers',
    async (params) => {
      const main = createAction('test', async () => success({ ok: true }))
      expect(await main(params)).toEqual({ statusCode: 200, body: { ok: true } })
    },
  )

  test.each([
    ['a transient error', () => transientError('X', 'later')],
    ['a systemic error', () => systemicError('X', 'mend it')],
    ['a permanent error that nobody recorded', () => permanentError('X', 'never')],
    ['a plain error', () => new Error('bug')],
    ['a text', () => 'oops'],
    ['undefined', () => undefined],
  ])('that throws %s answers 503, so that nothing is lost', async (_name, thrown) => {
    const main = createAction('test', async () => {
      throw thrown()
    })
    expect(await main(quiet)).toMatchObject({ error: { statusCode: 503 } })
  })

  test('that throws before its first await answers, too', async () => {
    const main = createAction('test', () => {
      throw new Error('synchronous')
    })
    expect(await main(quiet)).toMatchObject({ error: { statusCode: 503 } })
  })

  test('that never ends is answered for before the platform gives up', async () => {
    const main = createAction('test', () => new Promise(() => undefined))
    const deadline = Date.now() + 4_000
    process.env.__OW_DEADLINE = String(deadline)
    expect(await main(quiet)).toMatchObject({ error: { statusCode: 503, body: { code: 'TIME_IS_UP' } } })
    expect(Date.now()).toBeLessThan(deadline)
  })

  test('tells its work that the time is up, so that it stops calling others', async () => {
    let signal: AbortSignal | undefined
    const main = createAction('test', (_params, { call }) => {
      signal = call.signal
      return new Promise(() => undefined)
    })
    process.env.__OW_DEADLINE = String(Date.now() + 500)
    await main(quiet)
    expect(signal?.aborted).toBe(true)
  })

  test('keeps its own environment when another activation starts meanwhile', async () => {
    const main = createAction('test', async (_params, { activationId }) => {
      await new Promise((resolve) => setImmediate(resolve))
      return success({ id: activationId })
    })
    const answers = ['a', 'b', 'c'].map((id) => {
      process.env.__OW_ACTIVATION_ID = id
      return main(quiet)
    })
    expect(await Promise.all(answers)).toEqual(
      ['a', 'b', 'c'].map((id) => ({ statusCode: 200, body: { id } })),
    )
  })

  test('with an answer that the platform would refuse for its size says so instead', async () => {
    const main = createAction('test', async () => success({ text: 'x'.repeat(1_100_000) }))
    const answer = await main(quiet)
    expect(answer).toMatchObject({ statusCode: 200 })
    expect(JSON.stringify(answer).length).toBeLessThan(1_000)
  })

  test('with an answer that JSON cannot carry answers 503', async () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    const main = createAction('test', async () => success(loop))
    expect(await main(quiet)).toMatchObject({ error: { statusCode: 503 } })
  })

  test('answers even when its params and its log are hostile', async () => {
    jest.spyOn(console, 'log').mockImplementation(() => {
      throw new Error('no log today')
    })
    const params = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys')
        },
        getOwnPropertyDescriptor: () => {
          throw new Error('no property')
        },
      },
    )
    const main = createAction('test', async () => success({ ok: true }))
    expect(await main(params)).toMatchObject({ error: { statusCode: 503 } })
  })

  const secret = 'hush-hush-4711'
  const shown = { path: `/content/dam/${secret}`, list: [{ [secret]: 1 }, secret], count: 3, nothing: null }
  const hidden = {
    path: '/content/dam/[redacted]',
    list: [{ '[redacted]': 1 }, '[redacted]'],
    count: 3,
    nothing: null,
  }
  test.each<[string, Answer, Answer]>([
    ['a success', success(shown), success(hidden)],
    ['a success of several parts', success([shown, shown]), success([hidden, hidden])],
    ['a failure', failure(429, shown), failure(429, hidden)],
  ])('masks %s as a whole, and leaves all else of it', async (_what, given, expected) => {
    const main = createAction('test', async () => given)
    expect(await main({ ...quiet, S3_SECRET_ACCESS_KEY: secret })).toEqual(expected)
  })

  test('leaves an answer that a program goes on with as it is', async () => {
    const main = createAction('test', async () => forProgram(shown))
    expect(await main({ ...quiet, S3_SECRET_ACCESS_KEY: secret })).toEqual(success(shown))
  })

  test('whose secret is shorter than its mask still gives no answer that is too large', async () => {
    const main = createAction('test', async () => success({ list: Array(180_000).fill('hush') }))
    const answer = await main({ ...quiet, S3_SECRET_ACCESS_KEY: 'hush' })
    expect(answer).toMatchObject({ statusCode: 200, body: { message: expect.stringContaining('larger') } })
  })

  test('does not let a secret out in an error', async () => {
    const main = createAction('test', async () => {
      throw new Error('cannot log in with hush-hush-4711')
    })
    const answer = await main({ ...quiet, AKENEO_CLIENT_SECRET: 'hush-hush-4711' })
    expect(JSON.stringify(answer)).not.toContain('hush-hush-4711')
  })
})
