import fc from 'fast-check'
import type { CallContext } from '../../src/core/call-context'
import { createMemoryGate } from '../../src/http/memory-gate'
import { rejection, startCall, type TestCall } from '../support/call'

const megabyte = 1_000_000

const settled = () => new Promise(setImmediate)

/** A step that reads so many bytes, and ends when it is told to. */
function startStep(
  gate: ReturnType<typeof createMemoryGate>,
  bytes: number,
  { lane = 'aem', call = startCall(), inPieces = false } = {},
) {
  const step = { tries: 0, isHolding: false, end: () => undefined as undefined, done: Promise.resolve('') }
  const ended = new Promise<void>((resolve) => {
    step.end = () => void resolve()
  })
  step.done = gate.run(lane, call, async (own) => {
    step.tries += 1
    await read(own, bytes, inPieces ? 10_000 : bytes)
    step.isHolding = true
    try {
      await ended
      return 'done'
    } finally {
      step.isHolding = false
    }
  })
  step.done.catch(() => undefined)
  return step
}

/** Reads an answer as the HTTP client does: counted first, and nothing more once the signal aborts. */
async function read(call: CallContext, bytes: number, piece: number): Promise<void> {
  for (let size = 0; size < bytes; size += piece) {
    await Promise.resolve()
    call.signal.throwIfAborted()
    call.memory?.take(Math.min(piece, bytes - size))
    call.signal.throwIfAborted()
  }
}

const holding = (steps: readonly { isHolding: boolean }[]): boolean[] => steps.map((step) => step.isHolding)

describe('the gate for memory', () => {
  it('lets as many steps hold what they read as fit, first come first served', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const steps = Array.from({ length: 6 }, () => startStep(gate, 1.2 * megabyte))
    await settled()
    expect(holding(steps)).toEqual([true, true, false, false, false, false])

    for (const [index, step] of steps.entries()) {
      step.end()
      expect(await step.done).toBe('done')
      await settled()
      expect(holding(steps)).toEqual(steps.map((_, other) => other > index && other <= index + 2))
    }
  })

  it('knows after a few steps how large one is, and begins none in vain', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const first = startStep(gate, 1.2 * megabyte)
    await settled()
    first.end()
    await first.done
    const steps = Array.from({ length: 20 }, () => startStep(gate, 1.2 * megabyte))
    for (const step of steps) {
      step.end()
      await step.done
    }
    expect(steps.map(({ tries }) => tries)).toEqual(steps.map(() => 1))
  })

  it('lets a step that is larger than all of it run alone, and the others after it', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const small = startStep(gate, 0.9 * megabyte)
    const large = startStep(gate, 15 * megabyte)
    const last = startStep(gate, 0.9 * megabyte)
    await settled()
    expect(holding([small, large])).toEqual([true, false])
    small.end()
    await settled()
    expect(holding([large, last])).toEqual([true, false])
    large.end()
    await settled()
    expect(holding([last])).toEqual([true])
    last.end()
    expect(await Promise.all([small.done, large.done, last.done])).toEqual(['done', 'done', 'done'])
  })

  it('counts what is not announced piece by piece, in few tries', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const first = startStep(gate, 2.9 * megabyte)
    await settled()
    const steps = Array.from({ length: 4 }, () => startStep(gate, 2.7 * megabyte, { inPieces: true }))
    for (const step of [first, ...steps]) {
      step.end()
      await step.done
    }
    for (const { tries } of steps) expect(tries).toBeLessThan(8)
  })

  it('rejects a step whose time is up while it waits, and serves the next', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const calls = [startCall(), startCall(), startCall()]
    const [first, second, third] = calls.map((call) => startStep(gate, 2.7 * megabyte, { call }))
    await settled()
    const late = new Error('time is up')
    calls[1]?.abort(late)
    expect(await rejection(second?.done ?? Promise.resolve())).toBe(late)
    first?.end()
    third?.end()
    expect(await Promise.all([first?.done, third?.done])).toEqual(['done', 'done'])
  })

  it('rejects a step whose time is up while it holds memory, which is free then', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const call: TestCall = startCall()
    const late = new Error('time is up')
    const first = gate.run('aem', call, async (own) => {
      own.memory?.take(2.7 * megabyte)
      await new Promise((_, reject) => own.signal.addEventListener('abort', () => reject(own.signal.reason)))
    })
    const second = startStep(gate, 2.7 * megabyte)
    await settled()
    call.abort(late)
    expect(await rejection(first)).toBe(late)
    second.end()
    expect(await second.done).toBe('done')
  })

  it('gives up no step that has begun to change something, and counts what that reads', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const first = startStep(gate, 1.8 * megabyte)
    let tries = 0
    const second = gate.run('aem', startCall(), async (own) => {
      tries += 1
      await read(own, 0.9 * megabyte, megabyte)
      own.memory?.commit()
      await read(own, 0.9 * megabyte, megabyte)
      await settled()
      return 'written'
    })
    const third = startStep(gate, 0.9 * megabyte)
    expect(await second).toBe('written')
    expect(tries).toBe(1)
    first.end()
    third.end()
    await third.done
  })

  it('takes a step inside a step as part of the outer one', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const call = startCall()
    const result = gate.run('aem', call, async (own) => {
      await read(own, 2.7 * megabyte, 3 * megabyte)
      return gate.run('aem', own, async (inner) => {
        await read(inner, 2.7 * megabyte, 3 * megabyte)
        return 'both'
      })
    })
    expect(await result).toBe('both')
  })

  it('does not keep steps of one system waiting for what another system has not answered', async () => {
    const gate = createMemoryGate(30 * megabyte)
    const hanging = Array.from({ length: 200 }, () =>
      gate.run('stage', startCall(), () => new Promise<void>(() => undefined)),
    )
    const steps = Array.from({ length: 5 }, () => startStep(gate, 6 * megabyte, { lane: 'prod' }))
    await settled()
    for (const step of steps) step.end()
    expect(await Promise.all(steps.map(({ done }) => done))).toEqual(steps.map(() => 'done'))
    expect(hanging).toHaveLength(200)
  })

  it('does not keep small steps waiting: 200 of 10 KB are done at once', async () => {
    const gate = createMemoryGate()
    for (let index = 0; index < 50; index++) {
      const step = startStep(gate, 10_000)
      step.end()
      await step.done
    }
    const steps = Array.from({ length: 200 }, () => startStep(gate, 10_000))
    await settled()
    expect(steps.every(({ isHolding }) => isHolding)).toBe(true)
    for (const step of steps) step.end()
    await Promise.all(steps.map(({ done }) => done))
  })

  it('passes on what a step throws, and frees what it held', async () => {
    const gate = createMemoryGate(3 * megabyte)
    const failure = new Error('no such asset')
    const failing = gate.run('aem', startCall(), async (own) => {
      await read(own, 2.7 * megabyte, 3 * megabyte)
      throw failure
    })
    expect(await rejection(failing)).toBe(failure)
    const step = startStep(gate, 2.7 * megabyte)
    step.end()
    expect(await step.done).toBe('done')
  })

  it('never holds more than it may, unless a step runs alone, and every step ends', async () => {
    const anyStep = fc.record({
      lane: fc.constantFrom('a', 'b'),
      bytes: fc.integer({ min: 0, max: 4.5 * megabyte }),
      piece: fc.constantFrom(0.15 * megabyte, 30 * megabyte),
      ticks: fc.integer({ min: 0, max: 5 }),
      aborts: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
        const gate = createMemoryGate(3 * megabyte)
        const held = new Map<number, number>()
        const all = steps.map(async ({ lane, bytes, piece, ticks, aborts }, index) => {
          const call = startCall()
          const run = gate.run(lane, call, async (own) => {
            try {
              await read(own, bytes, Math.max(1, Math.min(bytes, piece)))
              if (bytes > 0) held.set(index, bytes)
              const sum = [...held.values()].reduce((total, one) => total + one, 0)
              if (held.size > 1) expect(sum).toBeLessThanOrEqual(3 * megabyte)
              for (let tick = 0; tick < ticks; tick++) await settled()
              own.signal.throwIfAborted()
            } finally {
              held.delete(index)
            }
          })
          if (aborts) {
            await settled()
            call.abort(new Error('time is up'))
          }
          return run
        })
        const ends = await Promise.allSettled(all)
        for (const [index, end] of ends.entries())
          if (end.status === 'rejected') {
            expect(steps[index]?.aborts).toBe(true)
            expect(end.reason.message).toBe('time is up')
          }
      }),
    )
  })
})
