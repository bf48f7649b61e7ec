import { toBridgeError } from '../../src/core/errors'
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
      const { code, message } = failureOf(thrown)
      failed.push({ step: step.name, code, message: context.environment.redactor.text(message) })
    }
  }
  return { items, failed }
}

function failureOf(thrown: unknown): { code: string; message: string } {
  if (thrown instanceof UsageError) return { code: 'USAGE', message: thrown.message }
  if (thrown instanceof CommandError) return { code: 'REFUSED', message: thrown.message }
  return toBridgeError(thrown)
}
