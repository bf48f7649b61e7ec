import fc from 'fast-check'
import { createAccounting } from '../../src/journal/accounting'

/** Registrations and settlements in any order: `null` registers the next, a number settles one of those there are. */
const history = fc.array(fc.option(fc.nat(), { freq: 2 }), { maxLength: 200, size: 'max' })

describe('what is accounted for', () => {
  it('is nothing before the first event is settled', () => {
    const accounting = createAccounting<string>()
    accounting.register('a')
    const settle = accounting.register('b')

    settle()

    expect(accounting.committed()).toBeUndefined()
    expect(accounting.uncommitted()).toBe(2)
  })

  it('never passes an event that is open, and goes as far as it may, whatever the order', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const accounting = createAccounting<number>()
        const settles: (() => void)[] = []
        const settled = new Set<number>()
        const seen: unknown[] = []
        const wanted: unknown[] = []
        for (const step of steps) {
          if (step === null) settles.push(accounting.register(settles.length))
          else if (settles.length > 0) {
            settles[step % settles.length]?.()
            settled.add(step % settles.length)
          }
          const open = settles.findIndex((_, index) => !settled.has(index))
          const prefix = open < 0 ? settles.length : open
          seen.push([accounting.committed(), accounting.uncommitted()])
          wanted.push([prefix === 0 ? undefined : prefix - 1, settles.length - prefix])
        }
        expect(seen).toEqual(wanted)
      }),
    )
  })

  it('never moves back', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const accounting = createAccounting<number>()
        const settles: (() => void)[] = []
        const reached: number[] = []
        for (const step of steps) {
          if (step === null) settles.push(accounting.register(settles.length))
          else settles[step % settles.length]?.()
          reached.push(accounting.committed() ?? -1)
        }
        expect(reached).toEqual(reached.toSorted((a, b) => a - b))
      }),
    )
  })

  it('is everything in the end when everything is settled, though one was slow', () => {
    const accounting = createAccounting<number>()
    const [slow, ...others] = Array.from({ length: 100_000 }, (_, index) => accounting.register(index))
    for (const settle of others) settle()
    expect(accounting.committed()).toBeUndefined()

    slow?.()

    expect([accounting.committed(), accounting.uncommitted()]).toEqual([99_999, 0])
  })
})
