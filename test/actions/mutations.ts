import fc from 'fast-check'
import type { JsonObject } from '../../sandbox/json'
import { type Receiver, startReceiver } from '../support/receiver'

type Path = readonly string[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]))]
}

function mutate(value: unknown, [name, ...rest]: Path, replacement: unknown): unknown {
  if (name === undefined) return replacement
  const copy: Record<string, unknown> = { ...(typeof value === 'object' ? value : {}) }
  if (rest.length === 0 && replacement === undefined) delete copy[name]
  else copy[name] = mutate(copy[name], rest, replacement)
  return copy
}

const nasty = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom(
    null,
    '',
    'N/A',
    '$NAME',
    '__proto__',
    'urn:aaid:aem:../../x',
    '/content/dam/../../etc/passwd',
    '/content/dam/\u0000',
    '/content/dam/\ud800.png',
    'a'.repeat(100_000),
    'https://evil.test/',
    JSON.parse('{"__proto__": {"polluted": true}}'),
    -0,
    1e308,
  ),
)

/** What `generic` answers to so many events with something else in them, and to so many params that are no event. */
export function describeWhateverComesIn(runs: { events: number; strangers: number }): void {
  let receiver: Receiver
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(() => receiver.close())

  test('the action answers within its table, and asks nobody but the allow-listed author', async () => {
    const asset = receiver.sandbox.aem.addAsset({ path: '/content/dam/shop/fuzz.png' })
    const event: JsonObject = JSON.parse(JSON.stringify(receiver.sandbox.aem.processingCompletedEvent(asset)))
    const paths = pathsOf(event).filter((path) => path.length > 0)
    const mutation = fc.tuple(fc.constantFrom(...paths), nasty)

    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const mutated = mutations.reduce<unknown>(
          (value, [path, replacement]) => mutate(value, path, replacement),
          event,
        )
        const answer = await receiver.invoke(JSON.parse(JSON.stringify(mutated)))
        expect(answer).toEqual({ statusCode: 200, body: expect.any(Object) })
        expect('body' in answer && answer.body).toMatchObject({
          outcome: expect.stringMatching(/^(updated|unchanged|skipped|ignored|dead-letter)$/),
          message: expect.any(String),
        })
      }),
      { numRuns: runs.events },
    )
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  test('params that are no event at all are answered, too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), async (params) => {
        const answer = await receiver.invoke(JSON.parse(JSON.stringify(params)))
        const status = 'error' in answer ? answer.error.statusCode : answer.statusCode
        expect(status).toBe(200)
      }),
      { numRuns: runs.strangers },
    )
  })
}
