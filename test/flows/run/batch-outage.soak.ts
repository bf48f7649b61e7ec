import { type BatchBench, startBatchBench } from './batch-bench'
import { expectOutageToPass } from './batch-outage'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

test('a destination that is down for a day of alarms does not hold up the others', () =>
  expectOutageToPass(bench, { assets: 40, runs: 144 }))
