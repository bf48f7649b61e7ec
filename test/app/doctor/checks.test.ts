import { type Check, failed, runChecks, skipped, warning } from '../../../src/app/doctor/checks'
import { systemicError } from '../../../src/core/errors'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'

const check = (name: string, needs: readonly string[], run: Check['run']): Check => ({
  name,
  needs,
  remedy: `Mend ${name}.`,
  run,
})
const run = (checks: readonly Check[], limitMs?: number) =>
  runChecks(
    checks,
    { redactor: createRedactor(['hush-4711']), ...(limitMs === undefined ? {} : { limitMs }) },
    startCall(),
  )

test('what needs a failed or skipped check is skipped, and what needs a warning is not', async () => {
  const results = await run([
    check('c', ['b'], async () => 'fine'),
    check('b', ['a'], async () => 'fine'),
    check('a', [], async () => {
      throw systemicError('A_REFUSED', 'a says hush-4711')
    }),
    check('e', ['d'], async () => 'fine'),
    check('d', [], async () => skipped('not set up')),
    check('g', ['f', 'unknown'], async () => 'fine'),
    check('f', [], async () => warning('F_ODD', 'odd')),
    check('h', [], async () => failed('H_WRONG', 'wrong')),
  ])

  expect(results).toEqual([
    { name: 'c', status: 'skipped', message: 'It needs b, which was skipped.' },
    { name: 'b', status: 'skipped', message: 'It needs a, which failed.' },
    { name: 'a', status: 'failed', code: 'A_REFUSED', message: 'a says [redacted]', remedy: 'Mend a.' },
    { name: 'e', status: 'skipped', message: 'It needs d, which was skipped.' },
    { name: 'd', status: 'skipped', message: 'not set up' },
    { name: 'g', status: 'ok', message: 'fine' },
    { name: 'f', status: 'warning', code: 'F_ODD', message: 'odd', remedy: 'Mend f.' },
    { name: 'h', status: 'failed', code: 'H_WRONG', message: 'wrong', remedy: 'Mend h.' },
  ])
})

test('a check is made once, however many need it', async () => {
  let runs = 0
  await run([
    check('a', [], async () => {
      runs += 1
      return 'fine'
    }),
    check('b', ['a'], async () => 'fine'),
    check('c', ['a', 'b'], async () => 'fine'),
  ])

  expect(runs).toBe(1)
})

test('a party that never answers fails by the time limit', async () => {
  const never = (call: { signal: AbortSignal }) =>
    new Promise<string>((_, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason))
    })

  expect(await run([check('a', [], never)], 1)).toMatchObject([{ status: 'failed', code: 'CHECK_TIMEOUT' }])
})
