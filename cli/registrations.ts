import { readRegistrationSettings } from '../src/app/settings'
import type { CallContext } from '../src/core/call-context'
import { systemClock, systemRandom } from '../src/core/clock'
import { isRecord, nonEmptyString } from '../src/core/json'
import { createHttpClient } from '../src/http/http-client'
import { createTokenProvider } from '../src/ims/token-provider'
import { listRegistrations, type Registration } from '../src/journal/registrations'
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

/**
 * The event registrations of the workspace.
 * @throws {CommandError} the workspace is not known
 * @throws {BridgeError} as `listRegistrations`; systemic, `INPUT_INVALID`
 */
export async function readRegistrations(
  { inputs, redactor, project }: Pick<Environment, 'inputs' | 'redactor' | 'project'>,
  call: CallContext,
): Promise<readonly Registration[]> {
  const settings = readRegistrationSettings(inputs)
  const tokens = createTokenProvider(
    {
      imsUrl: settings.IMS_URL,
      clientId: settings.ADC_CECREDENTIALS_CLIENTID,
      clientSecret: settings.ADC_CECREDENTIALS_CLIENTSECRET,
      scopes: settings.ADC_CECREDENTIALS_METASCOPES,
    },
    { clock: systemClock, http: createHttpClient(), redactor },
  )
  return listRegistrations(
    {
      workspace: workspaceOf(project),
      apiKey: settings.ADC_CECREDENTIALS_CLIENTID,
      orgId: settings.ADC_CECREDENTIALS_ORGID,
      baseUrl: settings.IO_EVENTS_URL,
    },
    { tokens, clock: systemClock, random: systemRandom },
    call,
  )
}

async function list(environment: Environment): Promise<CommandResult> {
  const registrations = await readRegistrations(environment, environment.call())
  const lines = registrations.flatMap(
    ({ name, runtimeAction, deliveryType, status, isEnabled, journalUrl }) => [
      `${name}  ${runtimeAction ?? deliveryType ?? ''}  ${status ?? ''}${isEnabled === false ? '  DISABLED' : ''}`,
      `    JOURNAL_URL=${journalUrl ?? '(not told: see the Developer Console)'}`,
    ],
  )
  return {
    data: registrations,
    lines: lines.length === 0 ? ['The workspace has no event registrations.'] : lines,
  }
}

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
