import { startCall } from '../../support/call'
import { expectFailed, expectPlain } from './check-report'
import { type Bench, never } from './conformance-bench'

/** What the check of a destination says is so, and it leaves all as it was. */
export function checkChecks(bench: Bench): void {
  const { check, put, file, freshKey, expectHolds } = bench

  check('finds nothing wrong when all is well, and leaves nothing behind', async () => {
    const [key, source] = [freshKey(), file(1_000)]
    await put(key, source)
    const before = await everything()
    const report = await bench.destination.check(never)
    expectPlain(report)
    expect(report.filter(({ ok }) => !ok)).toEqual([])
    expect(await everything()).toEqual(before)
    await expectHolds(key, source)
    // As often as one likes.
    expect((await bench.destination.check(never)).filter(({ ok }) => !ok)).toEqual([])
    expect(await everything()).toEqual(before)
  })

  check('names wrong credentials in its check', async () => {
    const broken = await bench.started.breakIt?.wrongCredentials?.()
    if (broken === undefined) return
    const before = await everything()
    const failed = expectFailed(await broken.check(never), bench.started.secrets)
    expect(failed).toMatchObject({ failureClass: 'systemic', right: 'login' })
    expect(await everything()).toEqual(before)
  })

  check('names an unreachable place in its check', async () => {
    const broken = await bench.started.breakIt?.unreachable?.()
    if (broken === undefined) return
    const failed = expectFailed(await broken.check(never), bench.started.secrets)
    expect(failed.right).toBeUndefined()
  })

  check('ends its check with the reason of the signal', async () => {
    const [call, reason] = [startCall(), new Error('time is up')]
    call.abort(reason)
    const before = await everything()
    await expect(bench.destination.check(call)).rejects.toBe(reason)
    expect(await everything()).toEqual(before)
  })

  const everything = async (): Promise<string[]> =>
    (await (bench.started.listAll ?? bench.started.list)()).sort()
}
