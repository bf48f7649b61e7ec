import type { FailureClass } from '../core/errors'

/** What an account may be allowed to do at the other side. `login` is to be let in at all. */
export type Right = 'login' | 'list' | 'read' | 'write' | 'rename' | 'delete'

/** What became of one step of a check. */
export type Finding = {
  /** What was tried, in one sentence. */
  what: string
  /** False when it failed. What was not tried did not fail. */
  ok: boolean
  /** It was not tried, for the reason in `message`. */
  skipped?: true
  /** Of a failure: its code, such as `S3_UNAUTHORIZED`. */
  code?: string
  /** Of a failure: `transient` may pass by itself, anything else waits for somebody to act. */
  failureClass?: FailureClass
  /** Of a failure: which input, right or host is wrong and what to do. Else a remark, if there is one. Without secrets. */
  message?: string
  /** The right that the step has shown, or that is missing. Absent where the failure is about no right. */
  right?: Right
}

/** What a check of a connector found, in the order of its steps. Plain data. */
export type CheckReport = readonly Finding[]
