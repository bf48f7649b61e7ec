import type { FlowContext } from '../../flows/event-flow'
import { createStateStore } from '../../store/state-store'
import { aemChecks } from './aem'
import { type CheckResult, runChecks } from './checks'
import { destinationChecks, pimChecks } from './connectors'
import { imsChecks } from './ims'
import { inputChecks } from './inputs'
import { stateChecks } from './state'

/** Those of the parties that may see the app's address, and refuse it: AEM, IMS, PIM, State and destinations. */
export const isOfApp = (name: string): boolean =>
  /^(inputs\.)?(aem|ims|pim|state|destination)(\.|$)/.test(name)

/** The platform ends the waiting for an answer after a minute; a check of inputs takes no time. */
const limitMs = 40_000

/** The checks of AEM, IMS, PIM, State and destinations, made where the app runs and with its inputs. */
export function checkDeployed(write: boolean, context: FlowContext): Promise<readonly CheckResult[]> {
  const { namespace, apiKey } = context.runtime ?? {}
  const checks = [
    ...inputChecks(context).filter(({ name }) => isOfApp(name)),
    ...imsChecks(context),
    ...aemChecks(context, write),
    ...pimChecks(context),
    ...stateChecks(context, {
      write,
      stateOf: (region) => createStateStore({ namespace, apiKey, region: () => region }),
    }),
    ...destinationChecks(context, write),
  ]
  return runChecks(checks, { redactor: context.redactor, limitMs }, context.call)
}
