import { join } from 'node:path'
import type { JsonObject } from '../../sandbox/json'
import { httpAnswer } from '../../sandbox/runtime/http-answer'
import { type RuntimeStandIn, startRuntime } from '../../sandbox/runtime/runtime'

const bundle = join(__dirname, 'fixtures', 'endings.cjs')
const MARKER = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX'
let runtime: RuntimeStandIn

beforeAll(async () => {
  process.env.SANDBOX_TEST_LEAK = 'leaked'
  runtime = await startRuntime({
    namespace: '123-app',
    auth: 'id:key',
    env: { EXTRA: 'yes' },
    actions: {
      many: { bundle, inputs: { how: 'ok', secret: 's', both: 'input' }, provideApiKey: true },
      single: { bundle, concurrency: 1 },
      quick: { bundle, timeoutMs: 500, memoryMb: 32 },
      broken: { bundle: join(__dirname, 'fixtures', 'broken.cjs') },
      empty: { bundle: join(__dirname, 'fixtures', 'no-main.cjs') },
    },
  })
})
afterAll(() => runtime.close())

const many = (how: string, params: JsonObject = {}) => runtime.invoke('many', { how, ...params })
const bodyOf = (result: unknown) => (result as { body: JsonObject }).body

describe('how an activation ends', () => {
  it.each([
    ['ok', 'success', 200],
    ['nothing', 'success', 204],
    ['applicationError', 'application error', 503],
    ['errorText', 'application error', 400],
    ['reject', 'application error', 204],
    ['throwNow', 'developer error', 400],
    ['string', 'developer error', 400],
    ['nil', 'developer error', 400],
    ['exit', 'developer error', 400],
    ['uncaught', 'developer error', 400],
    ['unhandled', 'developer error', 400],
  ])('%s is a %s, over HTTP a %i', async (how, kind, status) => {
    const activation = await many(how)
    expect(activation).toMatchObject({ kind, ok: kind === 'success' })
    expect(httpAnswer(activation).status).toBe(status)
    const next = await many('ok')
    expect(next.cold).toBe(kind === 'developer error')
  })

  it('says what went wrong in the words of OpenWhisk', async () => {
    const said = async (how: string) => (await many(how)).error
    expect(await said('applicationError')).toEqual({ statusCode: 503, body: { message: 'later' } })
    expect(await said('reject')).toMatchObject({ name: 'Error', message: 'rejected', code: 'E_TEST' })
    expect(await said('throwNow')).toBe('An error has occurred: Error: thrown at once')
    expect(await said('string')).toBe('The action did not return a dictionary.')
    expect(await said('exit')).toBe('The action did not produce a valid response and exited unexpectedly.')
  })

  it('takes a list for a result', async () => {
    expect(await many('list')).toMatchObject({ ok: true, result: [{ statusCode: 200 }, { statusCode: 200 }] })
  })

  it('ends what runs over its time, and the container with it', async () => {
    const late = await runtime.invoke('quick', { how: 'hang' })
    expect(late).toMatchObject({
      kind: 'developer error',
      error: 'The action exceeded its time limits of 500 milliseconds.',
    })
    expect(late.durationMs).toBeGreaterThanOrEqual(499)
    const own = await runtime.invoke('many', { how: 'hang' }, { timeoutMs: 20 })
    expect(own.error).toBe('The action exceeded its time limits of 20 milliseconds.')
    expect((await many('ok')).cold).toBe(true)
  })

  it('refuses a result over 1 MB, and keeps the container', async () => {
    expect((await many('big', { bytes: 1024 * 1024 - 100 })).ok).toBe(true)
    const big = await many('big', { bytes: 1024 * 1024 })
    expect(big.kind).toBe('application error')
    expect(big.error).toMatch(/exceeded the allowed length: \d+ > 1048576 bytes/)
    expect((await many('ok')).cold).toBe(false)
  })

  it('refuses parameters over 1 MB and actions that are not there before anything runs', async () => {
    await expect(many('ok', { pad: 'x'.repeat(1024 * 1024) })).rejects.toThrow('413')
    await expect(runtime.invoke('none')).rejects.toThrow('404')
  })

  it('ends an action that takes all memory', async () => {
    const activation = await runtime.invoke('quick', { how: 'memory' }, { timeoutMs: 15_000 })
    expect(activation.error).toBe('The action exhausted its memory and was aborted.')
  })

  it('fails at init when the code is bad or has no main', async () => {
    expect(await runtime.invoke('broken')).toMatchObject({
      kind: 'developer error',
      error: expect.stringContaining('Initialization has failed due to: Error: broken on load'),
    })
    expect(await runtime.invoke('empty')).toMatchObject({
      kind: 'developer error',
      error: "Initialization has failed due to: Action entrypoint 'main' is not a function.",
    })
    expect(runtime.logs('broken')).toContain(MARKER)
  })

  it('finds nothing but what is in the bundle', async () => {
    expect((await many('need')).error).toContain("Cannot find module 'valibot'")
  })
})

describe('what an action gets', () => {
  it('parameters over inputs, in one object', async () => {
    const { result } = await many('params', { both: 'param' })
    expect(bodyOf(result)).toEqual({ how: 'params', secret: 's', both: 'param' })
  })

  it('an environment of its own', async () => {
    const begin = Date.now()
    const activation = await many('env')
    const env = bodyOf(activation.result)
    expect(env).toEqual({
      id: activation.activationId,
      deadline: expect.stringMatching(/^\d{13}$/),
      namespace: '123-app',
      name: '/123-app/asset-bridge/many',
      version: '0.0.1',
      transaction: expect.any(String),
      apiHost: runtime.api.url,
      apiKey: 'id:key',
      extra: 'yes',
      parentLeak: null,
    })
    expect(Number(env.deadline) - begin).toBeGreaterThanOrEqual(60_000)
    expect(bodyOf((await runtime.invoke('single', { how: 'env' })).result).apiKey).toBeNull()
  })

  it('the environment of another activation, once it has waited: they share it', async () => {
    await many('ok')
    const runs = await Promise.all([1, 2, 3, 4].map(() => many('envAfterWait', { wait: 60 })))
    const seen = runs.map(({ activationId, result }) => ({ activationId, ...bodyOf(result) }))
    for (const { activationId, before } of seen as JsonObject[]) expect(before).toBe(activationId)
    expect(new Set((seen as JsonObject[]).map(({ after }) => after)).size).toBe(1)
  })
})

describe('containers', () => {
  it('are warm the second time, and cold after a reset', async () => {
    await runtime.reset('many')
    const starts = runtime.coldStarts('many')
    const first = await many('ok')
    const second = await many('ok')
    expect(bodyOf(second.result).pid).toBe(bodyOf(first.result).pid)
    expect([first.cold, second.cold]).toEqual([true, false])
    expect(first.startMs).toBeGreaterThan(0)
    expect(second.startMs).toBe(0)
    await runtime.reset()
    expect((await many('ok')).cold).toBe(true)
    expect(runtime.coldStarts('many')).toBe(starts + 2)
  })

  it('run as many activations at once as they are told, further ones get another container', async () => {
    await many('ok')
    const begin = performance.now()
    const wait = 500
    const together = await Promise.all([1, 2, 3, 4, 5].map(() => many('wait', { wait })))
    // One after the other they take at least so long.
    expect(performance.now() - begin).toBeLessThan(5 * wait)
    expect(new Set(together.map(({ result }) => bodyOf(result).pid)).size).toBe(1)
    const apart = await Promise.all([1, 2].map(() => runtime.invoke('single', { how: 'wait', wait: 80 })))
    expect(new Set(apart.map(({ result }) => bodyOf(result).pid)).size).toBe(2)
    expect(bodyOf((await runtime.invoke('single', { how: 'ok' })).result).runs).toBeGreaterThan(1)
  })

  it('let further activations wait when there are enough containers', async () => {
    const small = await startRuntime({ actions: { one: { bundle, concurrency: 1 } }, maxContainers: 1 })
    const runs = await Promise.all([1, 2, 3].map(() => small.invoke('one', { how: 'wait', wait: 20 })))
    expect(runs.map(({ result }) => bodyOf(result).runs)).toEqual([1, 2, 3])
    expect(small.coldStarts('one')).toBe(1)
    await small.close()
  })

  it('take every activation in them along when one makes a developer error', async () => {
    await many('ok')
    const victim = many('wait', { wait: 10_000 })
    await many('throwNow')
    expect(await victim).toMatchObject({
      kind: 'developer error',
      error: 'The action did not produce a valid response and exited unexpectedly.',
    })
    expect(await many('ok')).toMatchObject({ ok: true, cold: true })
  })

  it('can be killed', async () => {
    await many('ok')
    const victim = many('wait', { wait: 10_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await runtime.kill('many')
    expect((await victim).kind).toBe('developer error')
    expect(await many('ok')).toMatchObject({ ok: true, cold: true })
  })

  it('keep what was written to stdout and stderr, with a marker on each for every activation', async () => {
    const before = runtime.logs('single').length
    await runtime.invoke('single', { how: 'log' })
    const lines = runtime.logs('single').slice(before).trim().split('\n').sort()
    expect(lines).toEqual([MARKER, MARKER, 'to stderr', 'to stdout'])
  })

  it('do not start without a bundle', async () => {
    await expect(startRuntime({ actions: { none: { bundle: '/nowhere/at/all' } } })).rejects.toThrow(
      '/nowhere',
    )
  })
})
