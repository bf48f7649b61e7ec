import { transientError } from '../../src/core/errors'
import type { Outcome } from '../../src/flows/outcome'
import { perform } from '../../src/flows/perform'
import { workOff } from '../../src/flows/run/work-off'
import { rejection } from '../support/call'
import { recordsOn } from './export/export-bench'
import { type BatchBench, startBatchBench } from './run/batch-bench'

let bench: BatchBench
beforeEach(async () => {
  bench = await startBatchBench()
})
afterEach(() => bench.close())

const notWritten = {
  failureClass: 'systemic',
  code: 'DEAD_LETTER_NOT_WRITTEN',
  message: expect.stringMatching(/^.+ \(and the dead letter could not be written: STATE_UNAVAILABLE: /),
  upstream: 'STATE',
}

/** State takes anything but dead letters. */
function failForLetters(): void {
  bench.store.before = (operation, key) => {
    if (operation === 'put' && key.startsWith('dead-letter.'))
      throw transientError('STATE_UNAVAILABLE', 'State is down', { upstream: 'STATE' })
  }
}

/** What push makes of an event, before it is answered. */
const push = (event: unknown): Promise<Outcome> =>
  perform(
    { action: 'export-asset', event },
    bench.exports.workParts.flows,
    bench.exports.context(recordsOn(bench.store)),
  )

const poison = { id: 'poison', source: 'x', hello: 'world' }
const unknownDestination = { exportDestination: 'three', exportImmediately: 'yes' }

describe('what failed for good and can be no dead letter, for State fails,', () => {
  test('is the same failure whether it is an event, an export to a destination, or an event in a batch', async () => {
    const [published] = bench.publish(1, unknownDestination)
    failForLetters()
    expect(await push(poison)).toEqual({ kind: 'retry', failure: notWritten })
    expect(await push(published?.event)).toMatchObject({
      kind: 'exported',
      destinations: [{ destination: 'three', kind: 'retry', failure: notWritten }],
    })
    const { error, answer } = await bench.run()
    expect({ ...error, message: error?.message }).toMatchObject(notWritten)
    expect(answer).toMatchObject({ outcome: 'failed', code: 'DEAD_LETTER_NOT_WRITTEN', parked: 0 })
  })

  test.each<[string, () => void]>([
    ['an event', () => bench.journal.append(poison)],
    ['an export to a destination', () => bench.publish(1, unknownDestination)],
  ])('stops the batch where it stands: %s', async (_, add) => {
    bench.publish(3)
    await bench.run()
    const before = bench.cursor()
    add()
    failForLetters()
    const { answer } = await bench.run()
    expect(answer).toMatchObject({ outcome: 'failed', failed: 1, parked: 0, deadLettered: 0 })
    expect([bench.cursor(), bench.pending(), bench.letters()]).toEqual([before, [], []])

    bench.store.before = undefined
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', deadLettered: 1 })
    expect([bench.letters().length, bench.cursor()]).toEqual([1, bench.journal.positions().at(-1)])
  })

  test('stays pending where a worker did it', async () => {
    const [published] = bench.publish(1, { exportDestination: 'one' })
    const { one } = bench.exports.destinations
    one.beforePublish = () => {
      throw transientError('ONE_FAILED', 'not now')
    }
    await bench.run()
    const [{ id = '' } = {}] = bench.pending()
    const { aem } = bench.exports.author
    aem.removeAsset(aem.findByPath(`/content/dam/${published?.key}`)?.id ?? '')
    failForLetters()
    const context = bench.exports.context(recordsOn(bench.store))
    const before = bench.pending()
    const failed = await rejection(workOff([id], bench.exports.workParts, context))
    expect(failed).toMatchObject(notWritten)
    expect(bench.pending()).toEqual(before)
  })
})

describe('parked work that fails again', () => {
  const minute = 60_000

  test.each([
    ['of a file that AEM always cuts', 'AEM'],
    ['of a destination that always fails', undefined],
  ])('is tried at growing distance up to an hour, though no try counts: %s', async (_, upstream) => {
    bench.limits.maxAttempts = 100
    const { clock } = bench.exports.author
    const tries: number[] = []
    bench.publish(1)
    const began = clock.now()
    bench.exports.destinations.one.beforePublish = () => {
      tries.push(Math.round((clock.now() - began) / minute))
      throw transientError('CUT', 'cut', upstream === undefined ? {} : { upstream })
    }
    for (let alarm = 0; alarm < 36; alarm++) {
      await bench.run()
      clock.advance(10 * minute)
    }
    const distances = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
    expect(distances.length).toBeLessThan(10)
    expect(distances).toEqual([...distances].sort((a, b) => a - b))
    expect(distances.at(-1)).toBe(60)
    expect(bench.pending()).toHaveLength(1)
  })
})
