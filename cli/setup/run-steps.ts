import { toBridgeError } from '../../src/core/errors'
import type { Redactor } from '../../src/core/redaction'
import { CommandError, UsageError } from '../output'
import type { SetupAnswers, SetupContext, SetupItem, SetupStep } from './step'

/** A step that could not go on. */
export type FailedStep = { step: string; code: string; message: string }

/** What all steps came to. */
export type StepResults = { items: readonly SetupItem[]; failed: readonly FailedStep[] }

/** Runs steps in their order. One that fails does not keep the others from theirs. */
export async function runSteps(
  steps: readonly SetupStep[],
  answers: SetupAnswers,
  context: SetupContext,
  progress: (text: string) => void,
): Promise<StepResults> {
  const items: SetupItem[] = []
  const failed: FailedStep[] = []
  for (const step of steps) {
    progress(step.name)
    try {
      items.push(...(await step.run(answers, context)))
    } catch (thrown) {
      failed.push(failedStep(step.name, thrown, context.environment.redactor))
    }
  }
  return { items, failed }
}

/** What kept a step from its end, without secrets. */
export function failedStep(step: string, thrown: unknown, redactor: Pick<Redactor, 'text'>): FailedStep {
  const { code, message } = failureOf(thrown)
  return { step, code, message: redactor.text(message) }
}

function failureOf(thrown: unknown): { code: string; message: string } {
  if (thrown instanceof UsageError) return { code: 'USAGE', message: thrown.message }
  if (thrown instanceof CommandError) return { code: 'REFUSED', message: thrown.message }
  return toBridgeError(thrown)
}
