import type { FlowContext } from '../../flows/event-flow'
import { createStateStore } from '../../store/state-store'
import { type CheckResult, runChecks } from './checks'
import { destinationChecks, pimChecks } from './connectors'
import { inputChecks } from './inputs'
import { stateChecks } from './state'

/** Those of the parties that the app itself reaches, past its own firewalls: PIM, State and destinations. */
export const isOfApp = (name: string): boolean => /^(inputs\.)?(pim|state|destination)(\.|$)/.test(name)

/** The platform ends the waiting for an answer after a minute; a check of inputs takes no time. */
const limitMs = 40_000

/** The checks of PIM, State and destinations, made where the app runs and with its inputs. */
export function checkDeployed(write: boolean, context: FlowContext): Promise<readonly CheckResult[]> {
  const { namespace, apiKey } = context.runtime ?? {}
  const checks = [
    ...inputChecks(context).filter(({ name }) => isOfApp(name)),
    ...pimChecks(context),
    ...stateChecks(context, {
      write,
      stateOf: (region) => createStateStore({ namespace, apiKey, region: () => region }),
    }),
    ...destinationChecks(context, write),
  ]
  return runChecks(checks, { redactor: context.redactor, limitMs }, context.call)
}
