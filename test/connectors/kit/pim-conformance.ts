import { inspect } from 'node:util'
import { isJsonValue } from '../../../src/core/json'
import type { ProductRef } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { expectFailed, expectPlain } from './check-report'
import { oddIdentifiers, type PimBench, type PimLimits, troubles } from './pim-bench'
import { describeWriting } from './pim-writing'

export type { PimBench, PimWriting } from './pim-bench'

const ref = (value: string): ProductRef => ({ kind: 'identifier', value })

/**
 * What every communicator promises, against a real server.
 * @param options.start called for each test
 */
export function describePim(options: { name: string; limits?: PimLimits; start(): Promise<PimBench> }): void {
  const { alwaysAnswers = false, callsNobody = false } = options.limits ?? {}

  describeWriting({ ...options, limits: { alwaysAnswers, callsNobody } })

  describe(`${options.name} as a PIM communicator`, () => {
    let bench: PimBench
    beforeEach(async () => {
      bench = await options.start()
    })
    afterEach(() => bench.close())

    const ask = (...identifiers: string[]) => bench.pim.getProducts(identifiers.map(ref), startCall())
    const identifiersOf = async (...identifiers: string[]) =>
      (await ask(...identifiers)).map(({ identifier }) => identifier)

    test('has the name that PIM_COMMUNICATOR selects it by', () => {
      expect(bench.pim.name).toMatch(/^[a-z][a-z0-9-]*$/)
    })

    test('gives a product with its identifier and attributes that JSON can carry', async () => {
      bench.know('lamp')
      const [product, ...others] = await ask('lamp')
      expect(others).toEqual([])
      expect(product?.identifier).toMatch(/./)
      expect(Object.keys(product?.attributes ?? {})).not.toEqual([])
      expect(isJsonValue(product?.attributes)).toBe(true)
    })

    test('gives a product once, however often it is asked for in one call', async () => {
      bench.know('lamp')
      const once = await ask('lamp')
      const before = bench.requests()
      expect(await ask('lamp')).toEqual(once)
      const cost = bench.requests() - before
      expect(await ask('lamp', 'lamp', 'lamp')).toEqual(once)
      expect(bench.requests()).toBe(before + 2 * cost)
    })

    test('makes no call for no reference', async () => {
      expect(await ask()).toEqual([])
      expect(bench.requests()).toBe(0)
    })

    if (!alwaysAnswers) {
      test('gives every product that it knows, and says nothing of the others', async () => {
        for (const identifier of ['lamp', 'shade', 'bulb']) bench.know(identifier)
        const found = await identifiersOf('unknown-1', 'bulb', 'lamp', 'unknown-2')
        expect(new Set(found)).toEqual(new Set(['bulb', 'lamp']))
        expect(found).toHaveLength(2)
      })

      test('gives nothing when it knows none', async () => {
        bench.know('lamp')
        expect(await ask('unknown')).toEqual([])
        expect(await ask('unknown-1', 'unknown-2', 'unknown-1')).toEqual([])
      })

      test('gives all of a hundred products', async () => {
        const identifiers = Array.from({ length: 100 }, (_, index) => `sku-${index}`)
        for (const identifier of identifiers) bench.know(identifier)
        expect(new Set(await identifiersOf(...identifiers))).toEqual(new Set(identifiers))
        expect(bench.requests()).toBeLessThanOrEqual(100)
      })

      test.each(oddIdentifiers)('takes %j for no other product', async (identifier) => {
        for (const other of ['lamp', 'shade', '1', 'evil', 'x', 'search']) bench.know(other)
        expect(await identifiersOf(identifier)).toEqual([])
        bench.know(identifier)
        expect([[], [identifier]]).toContainEqual(await identifiersOf(identifier))
        expect(new Set(await identifiersOf('lamp', identifier, 'shade'))).toEqual(
          new Set(['lamp', ...(await identifiersOf(identifier)), 'shade']),
        )
        expect(bench.strays()).toEqual([])
      })
    }

    test('finds nothing wrong in its check when all is well, with a product or without', async () => {
      const empty = await bench.pim.check(startCall())
      bench.know('lamp')
      const report = await bench.pim.check(startCall())
      for (const findings of [empty, report]) {
        expectPlain(findings)
        expect(findings.filter(({ ok }) => !ok)).toEqual([])
      }
      expect(bench.strays()).toEqual([])
    })

    if (callsNobody) return

    test('names refused credentials in its check, and does not tell them', async () => {
      bench.refuseCredentials()
      const call = startCall()
      const failed = expectFailed(await bench.pim.check(call), bench.secrets)
      expect(failed).toMatchObject({ failureClass: 'systemic', right: 'login' })
      expectNoSecret(call.log)
    })

    test('tells in its check what may pass from what does not', async () => {
      bench.faults.add({ fault: { kind: 'reset' } })
      const failed = expectFailed(await bench.pim.check(startCall()), bench.secrets)
      expect(failed).toMatchObject({ failureClass: 'transient' })
      expect(failed.right).toBeUndefined()
    })

    test('ends its check with the reason of the signal', async () => {
      bench.faults.add({ fault: { kind: 'hang' } })
      const [call, reason] = [startCall(), new Error('the time is up')]
      const checked = rejection(bench.pim.check(call))
      await until(() => bench.requests() > 0, 'a request')
      call.abort(reason)
      expect(await checked).toBe(reason)
    })

    test('stops at once when the time is up, with the reason of the signal', async () => {
      bench.know('lamp')
      bench.faults.add({ fault: { kind: 'hang' } })
      const [call, reason] = [startCall(), new Error('the time is up')]
      const asked = rejection(bench.pim.getProducts([ref('lamp')], call))
      await until(() => bench.requests() > 0, 'a request')
      call.abort(reason)
      expect(await asked).toBe(reason)
    })

    test('does not begin when the time is up already', async () => {
      const [call, reason] = [startCall(), new Error('the time is up')]
      call.abort(reason)
      expect(await rejection(bench.pim.getProducts([ref('lamp')], call))).toBe(reason)
      expect(bench.requests()).toBe(0)
    })

    test.each(troubles)('that meets %s fails as the contract says', async (_name, fault, failureClass) => {
      bench.know('lamp')
      bench.faults.add({ fault })
      const call = startCall()
      const thrown = await rejection(bench.pim.getProducts([ref('lamp'), ref('shade')], call))
      expect(thrown).toMatchObject({
        name: 'BridgeError',
        failureClass,
        code: expect.stringMatching(/^[A-Z_]+$/),
      })
      expectNoSecret(thrown, call.log)
    })

    test('waits out a trouble that passes', async () => {
      bench.know('lamp')
      bench.faults.add({ times: 1, fault: { kind: 'status', status: 503 } })
      bench.faults.add({ times: 1, fault: { kind: 'reset' } })
      expect(await identifiersOf('lamp')).toEqual(['lamp'])
    })

    test('whose credentials are refused is a matter for the operator, and does not tell them', async () => {
      bench.know('lamp')
      bench.refuseCredentials()
      const call = startCall()
      const thrown = await rejection(bench.pim.getProducts([ref('lamp')], call))
      expect(thrown).toMatchObject({ failureClass: 'systemic', message: expect.stringContaining('check') })
      expectNoSecret(thrown, call.log)
    })

    test('writes no credential to the log when all is well', async () => {
      bench.know('lamp')
      const call = startCall()
      await bench.pim.getProducts([ref('lamp')], call)
      expectNoSecret(call.log)
    })

    function expectNoSecret(...seen: unknown[]): void {
      const text = inspect(seen, { depth: 10, showHidden: true, maxStringLength: null })
      for (const secret of bench.secrets) expect(text).not.toContain(secret)
    }
  })
}
