import { envFile, envTemplate } from './env-steps'
import type { Values } from './known'
import type { SetupAnswers, SetupContext, SetupItem } from './step'

/** Sets inputs that a step has found out, in `.env.<name>` and in its template. All other lines stay. */
export async function setInputs(
  values: Values,
  answers: SetupAnswers,
  context: SetupContext,
): Promise<readonly SetupItem[]> {
  if (Object.keys(values).length === 0) return []
  return [
    ...(await envFile(values).run(answers, context)),
    ...(await envTemplate(values).run(answers, context)),
  ]
}
