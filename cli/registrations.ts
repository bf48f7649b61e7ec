import { readRegistrationSettings } from '../src/app/settings'
import type { CallContext } from '../src/core/call-context'
import { systemClock } from '../src/core/clock'
import { isRecord, nonEmptyString } from '../src/core/json'
import { createHttpClient, type HttpClient } from '../src/http/http-client'
import { createTokenProvider } from '../src/ims/token-provider'
import { enableRegistration, listRegistrations, type Registration } from '../src/journal/registrations'
import type { Environment } from './environment'
import type { Program, Run } from './host'
import { CommandError, type CommandResult, examples } from './output'

export function addRegistrations(program: Program, run: Run): void {
  program
    .command('registrations')
    .description('the event registrations of the workspace')
    .command('list')
    .description('all of them, with their journals')
    .addHelpText('after', examples('registrations list', 'registrations list --json | jq .'))
    .action(() => run(list))
}

async function list(environment: Environment): Promise<CommandResult> {
  const registrations = await openRegistrations(environment).list()
  const lines = registrations.flatMap(({ name, runtimeAction, deliveryType, status, health, journalUrl }) => [
    `${name}  ${runtimeAction ?? deliveryType ?? ''}  ${status ?? ''}${health === 'disabled' ? '  DISABLED' : ''}`,
    `    JOURNAL_URL=${journalUrl ?? '(not told: see the Developer Console)'}`,
  ])
  return {
    data: registrations,
    lines: lines.length === 0 ? ['The workspace has no event registrations.'] : lines,
  }
}

type Surroundings = Pick<Environment, 'inputs' | 'redactor' | 'project' | 'call'>

/** The registrations of the workspace, as the operator's credentials reach them. */
export function openRegistrations(environment: Surroundings): {
  list(): Promise<readonly Registration[]>
  enable(id: string): Promise<Registration>
} {
  const { options, parts } = registrationAccess(environment)
  const { call } = environment
  return {
    list: () => listRegistrations(options, parts, call()),
    enable: (id) => enableRegistration(id, options, parts, call()),
  }
}

/**
 * What speaks to the API of registrations with the operator's credentials.
 * @throws {CommandError} the workspace is not known
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export function registrationAccess(
  { inputs, redactor, project }: Omit<Surroundings, 'call'>,
  http: HttpClient = createHttpClient(),
) {
  const settings = readRegistrationSettings(inputs)
  const tokens = createTokenProvider(
    {
      imsUrl: settings.IMS_URL,
      clientId: settings.ADC_CECREDENTIALS_CLIENTID,
      clientSecret: settings.ADC_CECREDENTIALS_CLIENTSECRET,
      scopes: settings.ADC_CECREDENTIALS_METASCOPES,
    },
    { clock: systemClock, http, redactor },
  )
  const options = {
    workspace: workspaceOf(project),
    apiKey: settings.ADC_CECREDENTIALS_CLIENTID,
    orgId: settings.ADC_CECREDENTIALS_ORGID,
    baseUrl: settings.IO_EVENTS_URL,
  }
  return { settings, options, parts: { tokens, http } }
}

/**
 * The event registrations of the workspace.
 * @throws {CommandError} the workspace is not known
 */
export const readRegistrations = (
  environment: Pick<Environment, 'inputs' | 'redactor' | 'project'>,
  call: CallContext,
): Promise<readonly Registration[]> => openRegistrations({ ...environment, call: () => call }).list()

/** From `.aio`, as `aio app use` writes it. */
function workspaceOf(project: unknown): { consumerOrgId: string; projectId: string; workspaceId: string } {
  const { id, org, workspace } = isRecord(project) ? project : {}
  const ids = {
    consumerOrgId: nonEmptyString(isRecord(org) ? org.id : undefined),
    projectId: nonEmptyString(id),
    workspaceId: nonEmptyString(isRecord(workspace) ? workspace.id : undefined),
  }
  const { consumerOrgId, projectId, workspaceId } = ids
  if (consumerOrgId === undefined || projectId === undefined || workspaceId === undefined) {
    throw new CommandError(
      'the workspace is not known: npx aio app use <workspace file> --merge writes it to .aio',
    )
  }
  return { consumerOrgId, projectId, workspaceId }
}
