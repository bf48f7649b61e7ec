import type { CallContext } from '../../../core/call-context'
import type { CheckReport } from '../../../plugin/check'
import { type CheckTools, goesOn, runCheck } from '../../kit/check'
import type { StepAbout } from '../../kit/check-step'
import type { AkeneoAccess } from './access'

/** Steps of a check, until one says that Akeneo cannot be worked with at all. */
export type AkeneoSteps = readonly [StepAbout, () => Promise<unknown>][]

/** Runs the steps of a check of a destination. @param skipped what it does not try, and why */
export function checkAkeneo(
  { inputs, redactor }: AkeneoAccess,
  steps: AkeneoSteps,
  call: CallContext,
  skipped?: Readonly<Parameters<CheckTools['skip']>>,
): Promise<CheckReport> {
  return runCheck({ redactor, hint: `check ${inputs}_URL` }, call, async ({ step, skip }) => {
    for (const [about, work] of steps) if (!goesOn(await step(about, work))) return
    if (skipped !== undefined) skip(...skipped)
  })
}
