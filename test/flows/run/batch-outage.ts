import { systemicError } from '../../../src/core/errors'
import type { BatchBench } from './batch-bench'

const minute = 60_000

/** One of two destinations is down for so many runs, ten minutes apart, and comes back. */
export async function expectOutageToPass(
  bench: BatchBench,
  { assets, runs }: { assets: number; runs: number },
): Promise<void> {
  const { clock } = bench.exports.author
  const { one, two } = bench.exports.destinations
  let tries = 0
  bench.publish(assets, { exportDestination: 'one, two' })
  one.beforePublish = () => {
    tries += 1
    throw systemicError('ONE_REFUSED', 'the password of one has expired')
  }
  expect((await bench.run()).answer).toMatchObject({ outcome: 'done', parked: assets })
  expect(two.held.size).toBe(assets)
  expect(bench.pending().map(({ destination, attempts }) => [destination, attempts])).toEqual(
    Array.from({ length: assets }, () => ['one', 0]),
  )
  tries = 0
  for (let run = 0; run < runs; run++) {
    clock.advance(10 * minute)
    expect((await bench.run()).answer).toMatchObject({ pending: assets })
  }
  expect(tries).toBeLessThanOrEqual(runs * 4)
  expect(bench.letters()).toEqual([])
  one.beforePublish = undefined
  clock.advance(60 * minute)
  expect((await bench.run()).answer).toMatchObject({ outcome: 'done', lag: 0 })
  expect(one.held.size).toBe(assets)
  expect(bench.pending()).toEqual([])
}
