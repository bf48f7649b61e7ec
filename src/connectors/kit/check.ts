import { startAttempt } from '../../core/attempt'
import { type CallContext, withSignal } from '../../core/call-context'
import { type BridgeError, transientError } from '../../core/errors'
import type { CheckReport, Finding } from '../../plugin/check'
import { type CheckRules, checkStep, type StepAbout } from './check-step'

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
    step: async (about, work) => note(await checkStep(about, rules, signal, work)),
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
