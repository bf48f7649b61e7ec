import * as v from 'valibot'
import { type CheckResult, runChecks } from '../src/app/doctor/checks'
import type { CallContext } from '../src/core/call-context'
import { systemicError } from '../src/core/errors'
import { deploymentChecks } from './doctor-deployment'
import type { Environment } from './environment'

const worker = 'export-worker'
/** The platform ends the waiting after a minute. */
const limitMs = 75_000

const Answer = v.object({
  checks: v.array(
    v.object({
      name: v.string(),
      status: v.picklist(['ok', 'failed', 'warning', 'skipped']),
      code: v.exactOptional(v.string()),
      message: v.string(),
      remedy: v.exactOptional(v.string()),
    }),
  ),
})

/** What the deployed app finds at the parties that it reaches, and whether it could be asked. */
export async function checksInWorker(
  environment: Environment,
  write: boolean,
  call: CallContext,
): Promise<readonly CheckResult[]> {
  const { activations, redactor } = environment
  let found: readonly CheckResult[] = []
  const asking = {
    name: 'deployment.worker',
    remedy: `Deploy this version of the app (npx aio app deploy), and check AIO_runtime_namespace and AIO_runtime_auth. npx aio rt activation list shows whether ${worker} ran.`,
    run: async ({ signal }: CallContext) => {
      const answer = v.safeParse(Answer, await activations.ask(worker, { doctor: { write } }, signal))
      if (!answer.success)
        throw systemicError('RUNTIME_REFUSED', `${worker} answered with no checks: it is another version`)
      found = answer.output.checks
      return `${worker} has checked AEM, IMS, PIM, State and destinations with the deployed inputs.`
    },
  }
  const asked = await runChecks(
    [asking, ...deploymentChecks(environment, [asking.name])],
    { redactor, limitMs },
    call,
  )
  return [...asked, ...found]
}
