import type { FailureClass } from '../../src/core/errors'
import { createCircuitBreaker } from '../../src/flows/circuit-breaker'
import { type Outcome, undoneOf } from '../../src/flows/outcome'
import { isOutage, isOwnFailure, observe, observeFailure } from '../../src/flows/systems'

const work = { action: 'generic', event: {} }
const trouble = (upstream: string | undefined, failureClass: FailureClass = 'transient', code = 'X') => ({
  failure: { failureClass, code, message: 'failed', upstream },
  destination: undefined,
  isFile: false,
})

describe('a system', () => {
  test('is down after five failures in a row, and not before', () => {
    const breaker = createCircuitBreaker()
    for (let failure = 1; failure <= 5; failure++) {
      expect(breaker.isDown('PIM')).toBe(false)
      breaker.failed('PIM', 'transient')
    }
    expect([breaker.isDown('PIM'), breaker.isDown('AEM')]).toEqual([true, false])
  })

  test('is not down when something worked between them', () => {
    const breaker = createCircuitBreaker()
    for (let failure = 1; failure <= 20; failure++) {
      breaker.failed('PIM', 'transient')
      if (failure % 4 === 0) breaker.worked('PIM')
    }
    expect(breaker.isDown('PIM')).toBe(false)
  })

  test('is down at once after a systemic failure', () => {
    const breaker = createCircuitBreaker()
    breaker.worked('PIM')
    breaker.failed('PIM', 'systemic')
    expect(breaker.isDown('PIM')).toBe(true)
  })

  test('has as many chances as are under way at the same time', () => {
    const breaker = createCircuitBreaker({ atOnce: 8 })
    for (let failure = 1; failure <= 7; failure++) breaker.failed('AEM', 'transient')
    expect(breaker.isDown('AEM')).toBe(false)
    breaker.failed('AEM', 'transient')
    expect(breaker.isDown('AEM')).toBe(true)
  })

  test('is down no longer once it has worked again', () => {
    const breaker = createCircuitBreaker()
    breaker.failed('S3', 'systemic')
    breaker.worked('S3')
    expect([breaker.isDown('S3'), breaker.mayTry('S3')]).toEqual([false, true])
    for (let failure = 1; failure <= 4; failure++) breaker.failed('S3', 'transient')
    expect(breaker.isDown('S3')).toBe(false)
  })

  test('that is down gets a piece of work now and then, further and further apart', () => {
    const breaker = createCircuitBreaker()
    breaker.failed('S3', 'systemic')
    const asked = Array.from({ length: 100 }, (_, index) => index + 1)
    expect(asked.filter(() => breaker.mayTry('S3'))).toEqual([8, 16, 32, 64])
    breaker.tryOnce('S3')
    expect([breaker.mayTry('S3'), breaker.mayTry('S3')]).toEqual([true, false])
  })
})

describe('a failure', () => {
  test.each<[string | undefined, FailureClass, boolean]>([
    ['AEM', 'systemic', false],
    ['SHOP', 'systemic', true],
    ['IMS', 'systemic', true],
    [undefined, 'systemic', true],
    ['SHOP', 'transient', false],
    ['SHOP', 'permanent', false],
  ])('of %s that is %s means an outage at once: %s', (upstream, failureClass, expected) => {
    const breaker = createCircuitBreaker()
    observeFailure(breaker, work, trouble(upstream, failureClass))
    expect(isOutage(breaker, work, trouble(upstream, failureClass))).toBe(expected)
  })

  test('that was not even tried tells nothing', () => {
    const breaker = createCircuitBreaker()
    for (let time = 0; time < 9; time++)
      observeFailure(breaker, work, trouble('PIM', 'systemic', 'SYSTEM_DOWN'))
    expect(breaker.isDown('PIM')).toBe(false)
  })

  test('of one destination tells nothing of another one', () => {
    const breaker = createCircuitBreaker()
    const { failure } = trouble('S3', 'systemic')
    observe(breaker, work, {
      kind: 'exported',
      destinations: [
        { destination: 'one', kind: 'retry', failure },
        { destination: 'two', kind: 'done', files: [] },
      ],
    })
    expect(['one', 'two'].map((name) => breaker.isDown(`destination ${name}`))).toEqual([true, false])
    expect(breaker.hasWorked('AEM')).toBe(true)
  })

  test('is the work’s own only where its system works otherwise', () => {
    const breaker = createCircuitBreaker()
    expect(isOwnFailure(breaker, work, trouble('SHOP'))).toBe(false)
    breaker.worked('PIM')
    expect(isOwnFailure(breaker, work, trouble('SHOP'))).toBe(true)
    for (let failure = 0; failure < 5; failure++) breaker.failed('PIM', 'transient')
    expect(isOwnFailure(breaker, work, trouble('SHOP'))).toBe(false)
  })

  const atOne = (failureClass: FailureClass, code = 'X', upstream = 'ONE', status = 403): Outcome => ({
    kind: 'exported',
    destinations: [
      {
        destination: 'one',
        kind: 'retry',
        failure: { failureClass, code, message: 'failed', upstream, status },
      },
    ],
  })
  const arrived = (outcome: 'stored' | 'unchanged', isSidecar = false): Outcome => ({
    kind: 'exported',
    destinations: [
      {
        destination: 'one',
        kind: 'done',
        files: [{ key: 'a', outcome, bytes: 1, ...(isSidecar && { isSidecar }) }],
      },
    ],
  })
  const one = 'destination one'
  const files = 'AEM files'

  test('that is systemic is of the work where other files arrived at its destination, and not before', () => {
    const breaker = createCircuitBreaker()
    const exporting = { action: 'export-asset', event: {} }
    const [failed] = undoneOf(atOne('systemic'))
    if (failed === undefined) throw new Error('nothing failed')
    observe(breaker, exporting, arrived('unchanged'))
    observe(breaker, exporting, atOne('systemic'))
    expect([breaker.isDown(one), isOwnFailure(breaker, exporting, failed)]).toEqual([true, false])
    observe(breaker, exporting, arrived('stored'))
    for (let time = 0; time < 4; time++) observe(breaker, exporting, atOne('systemic'))
    expect([breaker.isDown(one), isOwnFailure(breaker, exporting, failed)]).toEqual([false, true])
    observe(breaker, exporting, atOne('systemic'))
    expect([breaker.isDown(one), isOwnFailure(breaker, exporting, failed)]).toEqual([true, false])
  })

  test('of work that was refused before tells nothing of its destination', () => {
    const breaker = createCircuitBreaker()
    for (let time = 0; time < 9; time++) observe(breaker, work, atOne('systemic'), true)
    expect(breaker.isDown(one)).toBe(false)
  })

  test.each<[string, Outcome, boolean]>([
    ['unavailable', atOne('transient', 'AEM_UNAVAILABLE', 'AEM', 503), true],
    ['silent', atOne('transient', 'AEM_TIMEOUT', 'AEM', 0), true],
    ['without this file', atOne('transient', 'AEM_UNAVAILABLE', 'AEM', 404), false],
    ['refusing this file', atOne('systemic', 'AEM_LINK_REFUSED', 'AEM', 403), false],
    ['cut in this file', atOne('transient', 'AEM_CUT', 'AEM', 0), false],
  ])(
    'of a download five times in a row, the blob store %s, means that it is down: %#',
    (_, outcome, isDown) => {
      const breaker = createCircuitBreaker()
      for (let time = 0; time < 5; time++) observe(breaker, work, outcome)
      expect([breaker.isDown(files), breaker.isDown(one)]).toEqual([isDown, false])
      // Neither needed a byte of the blob store.
      observe(breaker, work, arrived('unchanged'))
      observe(breaker, work, arrived('stored', true))
      expect([breaker.isDown(files), breaker.hasWorked(files)]).toEqual([isDown, false])
      observe(breaker, work, arrived('stored'))
      expect([breaker.isDown(files), breaker.hasWorked(files)]).toEqual([false, true])
    },
  )
})
