import type { HttpClient } from '../../../src/http/http-client'
import { isSet, sourceOf, valuesOf } from '../../../src/inputs/values'
import { journalInputs, registrationInputs } from '../../../src/journal/inputs'
import { type HeldRegistration, listHeldRegistrations } from '../../../src/journal/registrations'
import type { RegistrationsOptions } from '../../../src/journal/registrations-api'
import { registrationAccess } from '../../registrations'
import { setInputs } from '../env-inputs'
import type { SetupAnswers, SetupContext, SetupItem, SetupStep } from '../step'
import { isDeployed } from './deployed'
import { keepFilter } from './filter'
import { keepRegistration, type Workbench } from './keep'
import { openEventsLibrary } from './library'
import { findProvider } from './provider'
import { codesFor, type Role, rolesFor } from './roles'

/** What a test puts in place of the usual. */
type Means = Pick<RegistrationsOptions, 'retries' | 'timeoutMs'> & { http?: HttpClient }

/**
 * The event registrations of the workspace, and their journals in `JOURNAL_URL`. The actions have to be deployed before:
 * I/O Events registers no action that is not there.
 */
export const createEventRegistrations = ({ http, ...limits }: Means = {}): SetupStep => ({
  name: 'event registrations',
  run: async (answers, context) => {
    const { environment, dryRun, deploys = false } = context
    const call = environment.call()
    const access = registrationAccess(environment, http)
    const { settings, parts } = access
    const options: RegistrationsOptions = { ...access.options, ...limits }
    const library = await openEventsLibrary(options, parts, call)
    const provider = await findProvider(answers.author, settings.EVENTS_PROVIDER_ID, answers.env, library)
    if ('manual' in provider) return [provider.manual]

    const bench: Workbench = {
      options,
      parts,
      library,
      env: answers.env,
      dryRun,
      isDeployed: async (action) =>
        deploys || isDeployed(action, environment.runtimeCredentials, call.signal),
      call,
    }
    const all = await listHeldRegistrations(options, parts, call)
    const items: SetupItem[] = []
    const held = new Map<Role, HeldRegistration>()
    for (const role of rolesFor(answers.destinations.length > 0)) {
      items.push(...missingEvents(role, provider.codes))
      const codes = codesFor(role.happenings, provider.codes)
      if (codes.length === 0) continue
      const taken = new Set([...held.values()].map(({ id }) => id))
      const kept = await keepRegistration(role, { providerId: provider.id, codes }, { all, taken }, bench)
      items.push(...kept.items)
      if (kept.registration !== undefined) held.set(role, kept.registration)
      if (role.filtersOwn && !kept.isLeft)
        items.push(await keepFilter(kept.registration, { options, parts }, { dryRun, call }))
    }
    return [...items, ...(await keepInputs(held, answers, context, options.workspace))]
  },
})

export const eventRegistrations: SetupStep = createEventRegistrations()

function missingEvents({ name, happenings }: Role, offered: readonly string[]): readonly SetupItem[] {
  const missing = happenings.filter((one) => codesFor([one], offered).length === 0)
  if (missing.length === 0) return []
  const what = `registration "${name}": AEM does not offer the events ${missing.join(', ')} yet, so they are left out. Run setup again when it does`
  return [{ kind: 'manual', what, where: 'Developer Console > the provider of AEM Assets > its events' }]
}

/** The journals that together hold every event, and the ids with which runs watch the registrations. */
async function keepInputs(
  held: ReadonlyMap<Role, HeldRegistration>,
  answers: SetupAnswers,
  context: SetupContext,
  { projectId, workspaceId }: { projectId: string; workspaceId: string },
): Promise<readonly SetupItem[]> {
  if (held.size === 0) return []
  const source = sourceOf(context.environment.inputs)
  const { JOURNAL_URL: before = [] } = valuesOf(journalInputs, source)
  const all = [...held]
  const isCovered = (role: Role): boolean =>
    role.filtersOwn &&
    all.some(([other]) => !other.filtersOwn && other.happenings.join() === role.happenings.join())
  const wanted = all.filter(([role]) => !isCovered(role)).flatMap(([, { journalUrl }]) => journalUrl ?? [])
  const needless = all
    .filter(([role]) => isCovered(role))
    .flatMap(([, { journalUrl }]) => journalUrl ?? [])
    .filter((url) => !wanted.includes(url))
  const urls = [...new Set([...before, ...wanted])].filter((url) => !needless.includes(url))
  const values = {
    ...(urls.length === 0 ? {} : { JOURNAL_URL: urls.join(',') }),
    ...(isSet(registrationInputs, 'EVENTS_PROJECT_ID', source) ? {} : { EVENTS_PROJECT_ID: projectId }),
    ...(isSet(registrationInputs, 'EVENTS_WORKSPACE_ID', source) ? {} : { EVENTS_WORKSPACE_ID: workspaceId }),
  }
  const untold = all.filter(([, { journalUrl }]) => journalUrl === undefined)
  return [
    ...(await setInputs(values, answers, context)),
    ...untold.map(
      ([, { name }]): SetupItem => ({
        kind: 'manual',
        what: `JOURNAL_URL: I/O Events does not tell the journal of registration "${name}": copy its Journaling Unique API Endpoint`,
        where: 'Developer Console > the registration',
        file: `.env.${answers.env}`,
      }),
    ),
  ]
}
