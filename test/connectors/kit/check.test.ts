import { goesOn, runCheck } from '../../../src/connectors/kit/check'
import type { CheckRules } from '../../../src/connectors/kit/check-step'
import { systemicError, transientError } from '../../../src/core/errors'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'

const never = startCall()
const rules: CheckRules = {
  redactor: createRedactor(['s3cret-4711']),
  hint: 'check THERE_URL',
}
const fail = (error: unknown) => () => Promise.reject(error)

describe('a check', () => {
  test('notes its steps in their order, with remarks and what was not tried', async () => {
    const report = await runCheck(rules, never, async ({ step, skip }) => {
      await step({ what: 'First.', right: 'read' }, async () => undefined)
      skip('Second.', 'It could not be undone.')
      await step({ what: 'Third.' }, async () => 'there is nothing')
    })
    expect(report).toEqual([
      { what: 'First.', ok: true, right: 'read' },
      { what: 'Second.', ok: true, skipped: true, message: 'It could not be undone.' },
      { what: 'Third.', ok: true, message: 'there is nothing' },
    ])
  })

  test('makes a finding of a failure, and goes on', async () => {
    const about = { what: 'Write.', right: 'write', remedy: 'let the user write' } as const
    const report = await runCheck(rules, never, async ({ step }) => {
      await step(about, fail(systemicError('THERE_FORBIDDEN', 'it refuses')))
      await step(about, fail(systemicError('THERE_UNAUTHORIZED', 'check THERE_TOKEN')))
      await step(about, fail(transientError('THERE_UNREACHABLE', 'nobody answers')))
      await step(about, fail(new Error('what is this')))
    })
    const failed = { what: 'Write.', ok: false }
    expect(report).toEqual([
      {
        ...failed,
        code: 'THERE_FORBIDDEN',
        failureClass: 'systemic',
        message: 'it refuses; let the user write',
        right: 'write',
      },
      {
        ...failed,
        code: 'THERE_UNAUTHORIZED',
        failureClass: 'systemic',
        message: 'check THERE_TOKEN',
        right: 'login',
      },
      {
        ...failed,
        code: 'THERE_UNREACHABLE',
        failureClass: 'transient',
        message: 'nobody answers; check THERE_URL',
      },
      {
        ...failed,
        code: 'UNEXPECTED',
        failureClass: 'transient',
        message: 'unexpected error: what is this; check THERE_URL',
      },
    ])
    // Only a missing right says nothing of the steps that follow.
    expect(report.map(goesOn)).toEqual([true, false, false, false])
  })

  test('masks what is secret', async () => {
    const report = await runCheck(rules, never, async ({ step }) => {
      await step({ what: 'Ask.' }, fail(systemicError('THERE_ODD', 'no token s3cret-4711')))
    })
    expect(JSON.stringify(report)).not.toContain('s3cret')
  })

  test('cleans up in the end, and notes how that went', async () => {
    const report = await runCheck(
      rules,
      never,
      async ({ step }) => void (await step({ what: 'Write.' }, fail(new Error('no')))),
      async ({ step }) => void (await step({ what: 'Remove.', right: 'delete' }, async () => undefined)),
    )
    expect(report.map(({ what, ok }) => [what, ok])).toEqual([
      ['Write.', false],
      ['Remove.', true],
    ])
  })

  test('cleans up when it is aborted, with a signal of its own, and then throws the reason', async () => {
    const [call, reason] = [startCall(), new Error('the time is up')]
    const cleaned: boolean[] = []
    let later = false
    const checked = runCheck(
      rules,
      call,
      async ({ step }) => {
        await step({ what: 'Write.' }, async () => {
          call.abort(reason)
          throw transientError('THERE_CUT', 'it was cut')
        })
        later = true
      },
      async ({ step }, own) => {
        await step({ what: 'Remove.' }, async () => void cleaned.push(own.signal.aborted))
      },
    )
    await expect(checked).rejects.toBe(reason)
    expect(cleaned).toEqual([false])
    expect(later).toBe(false)
  })
})
