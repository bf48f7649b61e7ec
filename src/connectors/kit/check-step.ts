import { type BridgeError, toBridgeError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import type { Finding, Right } from '../../plugin/check'

/** What a failure is about: being let in, the right that a step takes, or something else, such as a host. */
export type Subject = 'login' | 'right' | 'other'

/** What the steps of one connector have in common. */
export type CheckRules = {
  redactor: Redactor
  /** @default by the code: `..._UNAUTHORIZED`, `..._FORBIDDEN`, something else */
  subjectOf?(error: BridgeError): Subject
  /** Said of a failure that does not say itself what to check or set: `check S3_BUCKET`. */
  hint: string
}

/** A step of a check. */
export type StepAbout = {
  /** What is tried, in one sentence. */
  what: string
  /** The right that it takes. */
  right?: Right
  /** What to do when that is missing, such as `let the user rename files`. @default what the error says */
  remedy?: string
}

const subjectByCode = ({ code }: BridgeError): Subject =>
  /_UNAUTHORIZED$/.test(code) ? 'login' : /_FORBIDDEN$/.test(code) ? 'right' : 'other'

/**
 * Takes a step, and tells what became of it. Bundles that only enrich carry this one, so it is small.
 * @param signal of the call; without it, an abortion is a failure like another
 * @param work may give a remark
 * @throws the signal's reason
 */
export async function checkStep(
  { what, right, remedy }: StepAbout,
  { redactor, subjectOf = subjectByCode, hint }: CheckRules,
  signal: AbortSignal | undefined,
  work: () => Promise<unknown>,
): Promise<Finding> {
  signal?.throwIfAborted()
  try {
    const remark = await work()
    const message = typeof remark === 'string' ? { message: remark } : {}
    return { what, ok: true, ...message, ...(right && { right }) }
  } catch (thrown) {
    signal?.throwIfAborted()
    const error = toBridgeError(thrown)
    const { code, failureClass, message } = error
    const subject = subjectOf(error)
    const missing = subject === 'right' ? right : subject === 'login' ? subject : undefined
    const advice = subject === 'right' ? remedy : /\b(check|set)\b/.test(message) ? undefined : hint
    return {
      what,
      ok: false,
      code,
      failureClass,
      message: redactor.text(advice ? `${message}; ${advice}` : message),
      ...(missing && { right: missing }),
    }
  }
}
