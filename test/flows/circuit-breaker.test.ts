import type { FailureClass } from '../../src/core/errors'
import { createCircuitBreaker } from '../../src/flows/circuit-breaker'
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
})
