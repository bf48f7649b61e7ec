import { inspect } from 'node:util'
import type { Fault } from '../../../sandbox/faults'
import type { FactValue, ProductUpdate } from '../../../src/plugin/pim'
import { rejection, startCall } from '../../support/call'
import { until } from '../../support/raw-server'
import { oddIdentifiers, type PimBench, type PimLimits, type PimWriting, troubles } from './pim-bench'

const updated: ProductUpdate = { kind: 'updated' }
const unchanged: ProductUpdate = { kind: 'unchanged' }
const unknown: ProductUpdate = { kind: 'unknown' }

/** Only the answer is lost. */
const tookEffect = (kind: Fault['kind']): boolean => kind === 'resetAfter' || kind === 'cut'

/** Identifiers whose writes would go astray most easily; reads have been tried with all of them. */
const odd = oddIdentifiers.filter((name) => !/[\n\r\0\ud800]/.test(name) && name.length < 50)

/** What a communicator promises that has `updateProducts`, against a real server. */
export function describeWriting(options: {
  name: string
  limits: PimLimits
  start(): Promise<PimBench>
}): void {
  const { alwaysAnswers, callsNobody } = options.limits

  describe(`${options.name}, writing to products`, () => {
    let bench: PimBench
    let call: ReturnType<typeof startCall>
    beforeEach(async () => {
      bench = await options.start()
      call = startCall()
    })
    afterEach(() => bench.close())

    /** The bench says how, or the communicator does not write. */
    const writing = (): PimWriting => {
      if (bench.writing === undefined) throw new Error('the bench does not say how it writes')
      return bench.writing
    }
    const update = (changes: readonly (readonly [string, FactValue])[]) => {
      const { attribute } = writing()
      const updates = changes.map(([value, data]) => ({
        ref: { kind: 'identifier', value } as const,
        values: { [attribute]: data },
      }))
      return bench.pim.updateProducts?.(updates, call) ?? Promise.reject(new Error('it writes nothing'))
    }
    const shown = async (value: string) => {
      const [product] = await bench.pim.getProducts([{ kind: 'identifier', value }], call)
      return product?.attributes[writing().attribute]
    }

    test('it does so, and the bench says how, or neither', () => {
      expect(bench.pim.updateProducts !== undefined).toBe(bench.writing !== undefined)
    })

    test('writes what differs, and nothing that a product holds already', async () => {
      if (bench.writing === undefined) return
      bench.know('lamp')
      expect(await update([['lamp', 'Warm']])).toEqual([updated])
      expect(writing().held('lamp')).toBe('Warm')
      expect(await shown('lamp')).toBe('Warm')
      const before = writing().writes()
      expect(await update([['lamp', 'Warm']])).toEqual([unchanged])
      expect(await update([['lamp', ['Warm']]])).toEqual([unchanged])
      expect(writing().writes()).toBe(before)
      expect(await update([['lamp', null]])).toEqual([updated])
      expect(writing().held('lamp')).toBeUndefined()
      for (const blank of [null, '', []]) expect(await update([['lamp', blank]])).toEqual([unchanged])
      expectNoSecret(call.log)
    })

    test('sends nothing for no change', async () => {
      if (bench.writing === undefined) return
      expect(await update([])).toEqual([])
      expect(bench.requests()).toBe(0)
    })

    test('lets the last of several changes of a product count', async () => {
      if (bench.writing === undefined) return
      bench.know('lamp')
      expect(
        await update([
          ['lamp', 'Warm'],
          ['lamp', 'Cold'],
        ]),
      ).toEqual([updated, updated])
      expect(writing().held('lamp')).toBe('Cold')
    })

    if (!alwaysAnswers) {
      test('says of each change in its order what became of it, and creates no product', async () => {
        if (bench.writing === undefined) return
        const names = Array.from({ length: 120 }, (_, index) => `sku-${index}`)
        for (const name of names.filter((_, index) => index % 3 > 0)) bench.know(name)
        const known = writing().products()
        await update(names.map((name, index) => [name, index % 3 === 1 ? 'Warm' : null]))
        const results = await update(names.map((name) => [name, 'Warm']))
        expect(results).toEqual(names.map((_, index) => [unknown, unchanged, updated][index % 3]))
        expect(writing().products()).toBe(known)
      })

      test('takes an odd name for no other product', async () => {
        if (bench.writing === undefined) return
        for (const other of ['lamp', 'shade', '1', 'evil', 'x', 'search']) bench.know(other)
        const others = odd.filter((name) => name !== 'LAMP')
        expect(await update(others.map((name) => [name, 'Warm']))).toEqual(others.map(() => unknown))
        expect(writing().held('lamp')).toBeUndefined()
        for (const name of others) bench.know(name)
        const results = await update(others.map((name) => [name, `of ${name}`]))
        for (const [index, name] of others.entries()) {
          const isWritten = results[index]?.kind === 'updated'
          expect([name, writing().held(name)]).toEqual([name, isWritten ? `of ${name}` : undefined])
        }
        expect(writing().held('lamp')).toBeUndefined()
      })

      test('tells why the PIM takes one of several not, and writes the others', async () => {
        const { refused } = bench.writing ?? {}
        if (refused === undefined) return
        for (const name of ['lamp', 'shade', 'bulb']) bench.know(name)
        const results = await update([
          ['lamp', 'Warm'],
          ['shade', refused],
          ['bulb', 'Warm'],
        ])
        const code = expect.stringMatching(/^[A-Z_]+$/)
        expect(results).toEqual([
          updated,
          { kind: 'refused', code, reason: expect.stringMatching(/./) },
          updated,
        ])
        expect(writing().held('shade')).toBeUndefined()
        expectNoSecret(results, call.log)
      })
    }

    if (callsNobody) return

    test.each(troubles.filter(([, { kind }]) => !tookEffect(kind)))(
      'that meets %s fails as the contract says',
      async (_name, fault, failureClass) => {
        if (bench.writing === undefined) return
        bench.know('lamp')
        bench.faults.add({ ...writing().target, fault })
        const thrown = await rejection(update([['lamp', 'Warm']]))
        expect(thrown).toMatchObject({
          name: 'BridgeError',
          failureClass,
          code: expect.stringMatching(/^[A-Z_]+$/),
        })
        expectNoSecret(thrown, call.log)
      },
    )

    test.each(troubles.filter(([, , failureClass]) => failureClass === 'transient'))(
      'waits %s out, and reads again before it writes again',
      async (_name, fault) => {
        if (bench.writing === undefined) return
        bench.know('lamp')
        bench.faults.add({ ...writing().target, times: 1, fault })
        expect(await update([['lamp', 'Warm']])).toEqual([updated])
        expect(writing().held('lamp')).toBe('Warm')
        expect(writing().writes()).toBe(tookEffect(fault.kind) ? 1 : 2)
      },
    )

    test('stops at once when the time is up, with the reason of the signal', async () => {
      if (bench.writing === undefined) return
      bench.know('lamp')
      bench.faults.add({ ...writing().target, fault: { kind: 'hang' } })
      const reason = new Error('the time is up')
      const asked = rejection(update([['lamp', 'Warm']]))
      await until(() => writing().writes() > 0, 'a write')
      call.abort(reason)
      expect(await asked).toBe(reason)
    })

    function expectNoSecret(...seen: unknown[]): void {
      const text = inspect(seen, { depth: 10, showHidden: true, maxStringLength: null })
      for (const secret of bench.secrets) expect(text).not.toContain(secret)
    }
  })
}
