import { warningsFor } from '../scripts/workspace/check'
import { notes } from '../scripts/workspace/hooks'
import { type Check, failed, skipped, type Verdict, warning } from '../src/app/doctor/checks'
import { openDestinations } from '../src/app/export'
import { webhookInputs } from '../src/connectors/akeneo/webhook-inputs'
import type { CallContext } from '../src/core/call-context'
import { isSet, sourceOf } from '../src/inputs/values'
import type { Registration } from '../src/journal/registrations'
import { allSubscribed, httpsOf, openAkeneo, type Subscribed } from './akeneo-parts'
import type { Environment } from './environment'
import { CommandError } from './output'
import { readRegistrations } from './registrations'

/** The checks of what stands around the app: the workspace, its registrations, and the subscription at Akeneo. */
export const environmentChecks = (environment: Environment): readonly Check[] => [
  workspaceCheck(environment),
  ...registrationChecks(environment),
  subscriptionCheck(environment),
]

function workspaceCheck({ inputs, namespace, project }: Environment): Check {
  return {
    name: 'environment.workspace',
    remedy:
      'Take the workspace that is meant (npx aio app use), and the inputs of that one: .env keeps those of the workspace before.',
    run: async () => {
      const surroundings = { env: { ...inputs, AIO_runtime_namespace: namespace }, project }
      const sure = warningsFor(surroundings, {})
      if (sure.length > 0) return failed('WORKSPACE_DIFFERS', sure.join(' '))
      const likely = warningsFor(surroundings, notes())
      if (likely.length > 0) return warning('WORKSPACE_SHARED', likely.join(' '))
      return 'The inputs and the workspace belong together, as far as both are known.'
    },
  }
}

const enablingRemedy =
  'Find out why deliveries failed (npx aio app logs), then enable the registration (npx bridge events enable). export-batch takes what was not pushed from the journal, for seven days.'

function registrationChecks(environment: Environment): readonly Check[] {
  const name = 'events.registrations'
  let found: readonly Registration[] = []
  return [
    {
      name,
      needs: ['inputs.app', 'ims.scopes', 'environment.workspace'],
      remedy: 'Deploy the app with its event registrations, and add the I/O Management API to the workspace.',
      run: async (call) => {
        if (environment.inputs.ADC_CECREDENTIALS_ORGID === undefined)
          return skipped('ADC_CECREDENTIALS_ORGID is not set.')
        try {
          found = await readRegistrations(environment, call)
        } catch (thrown) {
          if (thrown instanceof CommandError) return skipped(thrown.message)
          throw thrown
        }
        if (found.length > 0) return `The workspace has ${found.length} registrations.`
        return failed('REGISTRATION_MISSING', 'The workspace has no event registrations, so no event comes.')
      },
    },
    ...['generic', 'export-asset'].map((action) => ({
      name: `events.${action}`,
      needs: [name],
      remedy: enablingRemedy,
      run: async () => stateOf(action, found, environment),
    })),
  ]
}

function stateOf(action: string, all: readonly Registration[], environment: Environment): Verdict {
  const own = all.filter(({ runtimeAction }) => runtimeAction?.split('/').at(-1) === action)
  const [first] = own
  if (first === undefined) {
    const context = { ...environment, call: environment.call(), action: 'doctor' }
    if (action === 'export-asset' && openDestinations(context).active().length === 0)
      return skipped('No destination is set up.')
    return warning('REGISTRATION_MISSING', `No registration delivers to ${action}: none of its events comes.`)
  }
  const shown = ({ name, status }: Registration): string => `${name} (${status ?? 'no status'})`
  const disabled = own.find(({ health }) => health === 'disabled')
  if (disabled !== undefined)
    return failed('REGISTRATION_DISABLED', `I/O Events no longer pushes to ${shown(disabled)}.`)
  const unstable = own.find(({ health }) => health === 'unstable')
  if (unstable !== undefined)
    return warning(
      'REGISTRATION_UNSTABLE',
      `Most deliveries to ${shown(unstable)} failed; it will be disabled.`,
    )
  return { status: 'ok', message: `${shown(first)} is enabled.` }
}

function subscriptionCheck(environment: Environment): Check {
  const { inputs } = environment
  return {
    name: 'akeneo.subscription',
    needs: ['inputs.akeneo', ...(inputs.PIM_COMMUNICATOR === 'akeneo' ? ['pim.access'] : [])],
    remedy:
      'Find out why (npx bridge akeneo logs --errors), then resume with npx bridge akeneo subscribe. What changed meanwhile is not told later; reconcile finds it.',
    run: async (call) => {
      if (!isSet(webhookInputs, 'AKENEO_EVENT_SECRETS', sourceOf(inputs)))
        return skipped('AKENEO_EVENT_SECRETS is not set, so the app takes no events of Akeneo.')
      const own = await ownSubscriptions(environment, call)
      const stopped = own.find(({ status }) => status !== 'active')
      if (stopped !== undefined) {
        const { id, status, config } = stopped
        return failed('AKENEO_SUBSCRIPTION_STOPPED', `The subscription ${id} to ${config.url} is ${status}.`)
      }
      if (own.length > 0) return 'The subscription is active.'
      return warning(
        'AKENEO_SUBSCRIPTION_MISSING',
        'This workspace has no subscription: Akeneo sends it no events.',
      )
    },
  }
}

/** Those of this workspace: by the name of the subscriber, else by the action that they send to. */
async function ownSubscriptions(environment: Environment, call: CallContext) {
  const parts = { ...openAkeneo(environment, undefined), call }
  const all = await allSubscribed(parts)
  const named = all.find(({ subscriber }) => subscriber.name === parts.name)
  if (named !== undefined) return httpsOf(named)
  const { namespace } = environment
  const isOwn = (url = ''): boolean =>
    namespace !== undefined && url.includes(namespace) && url.endsWith('/pim-events')
  return all.flatMap((it: Subscribed) => httpsOf(it).filter(({ config }) => isOwn(config.url)))
}
