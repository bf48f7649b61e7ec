import { startAttempt } from '../../core/attempt'
import { type CallContext, withSignal } from '../../core/call-context'
import { type BridgeError, toBridgeError, transientError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import type { CheckReport, Finding, Right } from '../../plugin/check'

/** What a failure is about: being let in, the right that a step takes, or something else, such as a host. */
export type Subject = 'login' | 'right' | 'other'

/** What the steps of one connector have in common. */
export type CheckRules = {
  redactor: Redactor
  /** @default something else */
  subjectOf?(error: BridgeError): Subject
  /** Said of a failure that does not say itself what to check or set: `check S3_BUCKET`. */
  hint: string
}

/** A step of a check. */
export type StepAbout = {
  what: string
  /** The right that it takes. */
  right?: Right
  /** What to do when that is missing, such as `let the user rename files`. @default what the error says */
  remedy?: string
}

/** Runs a step, and notes what became of it. A text that `work` gives is a remark. */
export type Step = (about: StepAbout, work: () => Promise<unknown>) => Promise<Finding>

/** What a check does its work with. */
export type CheckTools = {
  step: Step
  /** Notes what is not tried, and why. */
  skip(what: string, why: string): void
}

const cleanUpMs = 5_000
const late = (): BridgeError =>
  transientError('CHECK_TIMEOUT', `nothing could be removed within ${cleanUpMs} ms`)

/**
 * Runs the steps of a check one after the other. A step that fails becomes a finding and ends nothing by itself.
 * @param cleanUp runs in the end in any case, within 5 seconds of its own; its steps are findings, too
 * @throws the signal's reason
 */
export async function runCheck(
  rules: CheckRules,
  call: CallContext,
  steps: (tools: CheckTools) => Promise<void>,
  cleanUp?: (tools: CheckTools, own: CallContext) => Promise<void>,
): Promise<CheckReport> {
  call.signal.throwIfAborted()
  const findings: Finding[] = []
  const note = (finding: Finding): Finding => {
    findings.push(finding)
    return finding
  }
  const toolsOf = (signal?: AbortSignal): CheckTools => ({
    skip: (what, why) => void note({ what, ok: true, skipped: true, message: why }),
    step: async (about, work) => {
      const { what, right } = about
      signal?.throwIfAborted()
      try {
        const remark = await work()
        return note({
          what,
          ok: true,
          ...(typeof remark === 'string' && { message: remark }),
          ...(right && { right }),
        })
      } catch (thrown) {
        signal?.throwIfAborted()
        return note(failureIn(about, toBridgeError(thrown), rules))
      }
    },
  })
  try {
    await steps(toolsOf(call.signal))
  } finally {
    if (cleanUp !== undefined) {
      // The signal of the work may be the reason why we are here.
      const attempt = startAttempt(new AbortController().signal, cleanUpMs, late)
      await cleanUp(toolsOf(), withSignal(call, attempt.signal)).finally(attempt.release)
    }
  }
  return findings
}

/** Tells whether further steps make sense: a missing right says nothing of the others. */
export const goesOn = ({ ok, right }: Finding): boolean => ok || (right !== undefined && right !== 'login')

function failureIn({ what, right, remedy }: StepAbout, error: BridgeError, rules: CheckRules): Finding {
  const { code, failureClass, message } = error
  const subject = rules.subjectOf?.(error) ?? 'other'
  const missing = subject === 'login' ? subject : subject === 'right' ? right : undefined
  const advice = subject === 'right' ? remedy : /\b(check|set)\b/.test(message) ? undefined : rules.hint
  return {
    what,
    ok: false,
    code,
    failureClass,
    message: rules.redactor.text(advice === undefined ? message : `${message}; ${advice}`),
    ...(missing && { right: missing }),
  }
}
