import { startAttempt } from '../../core/attempt'
import { type CallContext, withSignal } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'

/** What a check came to, without what to do. */
export type Verdict =
  | { status: 'ok' | 'skipped'; message: string }
  | { status: 'failed' | 'warning'; code: string; message: string }

/** One question about the set-up, with one answer. */
export type Check = {
  /** Begins with the party that is asked: `aem.write`. */
  name: string
  /** The checks without which this one cannot be answered. Those that are not run hold nothing up. @default none */
  needs?: readonly string[]
  /** What to do when something is wrong. */
  remedy: string
  /** @returns what is so, or a verdict; an error of the app is a failure with the error's code */
  run(call: CallContext): Promise<string | Verdict>
}

/** The answer of a check, as it is printed. A code and a remedy stand only where something is wrong. */
export type CheckResult = {
  name: string
  status: Verdict['status']
  code?: string
  /** Without secrets. */
  message: string
  remedy?: string
}

const usualLimitMs = 60_000

/**
 * Runs checks, those that do not need each other at the same time. One that needs a check which did not succeed is
 * skipped, so that one fault is one failure.
 * @param parts.limitMs of one check
 * @returns the answers in the order of the checks
 * @throws the signal's reason
 */
export function runChecks(
  checks: readonly Check[],
  parts: { redactor: Redactor; limitMs?: number },
  call: CallContext,
): Promise<readonly CheckResult[]> {
  const { redactor, limitMs = usualLimitMs } = parts
  const byName = new Map(checks.map((check) => [check.name, check]))
  const started = new Map<string, Promise<CheckResult>>()
  return Promise.all(checks.map(resultOf))

  function resultOf(check: Check): Promise<CheckResult> {
    const known = started.get(check.name)
    if (known !== undefined) return known
    const result = answer(check)
    started.set(check.name, result)
    return result
  }

  async function answer(check: Check): Promise<CheckResult> {
    const { name, needs = [] } = check
    const needed = await Promise.all(needs.flatMap((it) => byName.get(it) ?? []).map(resultOf))
    const missing = needed.find(({ status }) => status === 'failed' || status === 'skipped')
    if (missing !== undefined) {
      const why = missing.status === 'failed' ? 'failed' : 'was skipped'
      return { name, status: 'skipped', message: `It needs ${missing.name}, which ${why}.` }
    }
    const { status, message, ...more } = await ask(check)
    const wrong = 'code' in more ? { code: more.code, remedy: redactor.text(check.remedy) } : {}
    return { name, status, message: redactor.text(message), ...wrong }
  }

  async function ask(check: Check): Promise<Verdict> {
    const attempt = startAttempt(call.signal, limitMs)
    try {
      const said = await check.run(withSignal(call, attempt.signal))
      return typeof said === 'string' ? { status: 'ok', message: said } : said
    } catch (thrown) {
      call.signal.throwIfAborted()
      if (attempt.timedOut()) {
        const message = `There was no answer within ${limitMs / 1000} s.`
        return { status: 'failed', code: 'CHECK_TIMEOUT', message }
      }
      const { code, message } = toBridgeError(thrown)
      return { status: 'failed', code, message }
    } finally {
      attempt.release()
    }
  }
}

/** A check that was not made, and why. */
export const skipped = (message: string): Verdict => ({ status: 'skipped', message })

/** A finding of a check by itself. */
export const failed = (code: string, message: string): Verdict => ({ status: 'failed', code, message })

/** Something that may be meant, or may be a fault. */
export const warning = (code: string, message: string): Verdict => ({ status: 'warning', code, message })

/** For remedies: which addresses the app has, for those who let only some in. */
export const addressesHint =
  'Who lets only some addresses in must let those of I/O Runtime in: npx aio runtime ip-list get.'
