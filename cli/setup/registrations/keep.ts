import type { CallContext } from '../../../src/core/call-context'
import { BridgeError } from '../../../src/core/errors'
import { type HeldRegistration, listHeldRegistrations } from '../../../src/journal/registrations'
import {
  type RegistrationsOptions,
  type RegistrationsParts,
  unavailable,
} from '../../../src/journal/registrations-api'
import type { SetupItem } from '../step'
import type { EventsLibrary } from './library'
import { byAge, hasAny, matchOf, updateFor, type WantedEvents } from './match'
import type { Role } from './roles'

/** What a registration is kept with. */
export type Workbench = {
  options: RegistrationsOptions
  parts: RegistrationsParts
  library: EventsLibrary
  /** Of `.env.<name>`. */
  env: string
  dryRun: boolean
  /** Whether an action is deployed, or will be before; undefined when that cannot be told. */
  isDeployed(action: string): Promise<boolean | undefined>
  call: CallContext
}

/** What became of a role. */
export type Kept = {
  items: readonly SetupItem[]
  /** Undefined when it is not made, as in a dry run. */
  registration: HeldRegistration | undefined
  /** There is nothing to go on with: neither is it made, nor would it be. */
  isLeft: boolean
}

const consolePlace = 'Developer Console > your project > the workspace'
const quoted = ({ name }: { name: string }): string => `registration "${name}"`
const manual = (what: string, where = consolePlace): SetupItem => ({ kind: 'manual', what, where })

/**
 * Makes a registration be what its role wants. What a person has set of it stays: name, description, further events.
 * @param taken ids of registrations that stand for roles before
 */
export async function keepRegistration(
  role: Role,
  events: WantedEvents,
  { all, taken }: { all: readonly HeldRegistration[]; taken: ReadonlySet<string> },
  bench: Workbench,
): Promise<Kept> {
  const free = all.filter(({ id }) => !taken.has(id))
  const { found, doubles } = matchOf(role, events, free)
  const told = doubles.map((one) =>
    manual(
      `${quoted(one)} (${one.id}) delivers the same events to ${role.action} as another one, so each comes twice: delete it`,
    ),
  )
  if (found !== undefined) return change(found, role, events, told, bench)
  const mixed = all.find(
    (one) => taken.has(one.id) && one.runtimeAction === role.action && hasAny(one, events),
  )
  if (mixed !== undefined) {
    const what = `${quoted(mixed)} has the events of "${role.name}", too: take ${events.codes.join(', ')} out of it, and run setup again`
    return { items: [manual(what)], registration: undefined, isLeft: true }
  }
  if (bench.dryRun && !(await bench.isDeployed(role.action))) return left(role, 'later', bench, [])
  if (bench.dryRun)
    return { items: [{ kind: 'changed', what: quoted(role) }], registration: undefined, isLeft: false }
  return create(role, events, bench)
}

async function change(
  found: HeldRegistration,
  role: Role,
  events: WantedEvents,
  told: readonly SetupItem[],
  bench: Workbench,
): Promise<Kept> {
  const kept = (item: SetupItem, registration = found): Kept => ({
    items: [item, ...told],
    registration,
    isLeft: false,
  })
  const update = updateFor(found, role, events)
  if (update === undefined) return kept({ kind: 'unchanged', what: quoted(found) })
  if (update === 'not possible')
    return kept(
      manual(`${quoted(found)} is of a kind that cannot be updated: make it deliver to ${role.action}`),
    )
  const item: SetupItem = { kind: 'changed', what: `${quoted(found)}: ${update.why}` }
  if (bench.dryRun) return kept(item)
  const failure = await failureOf(bench.library.update(found.id, update.body))
  if (failure !== undefined && isRefused(failure)) return left(role, failure, bench, told)
  // An answer that was lost says nothing: what counts is what the registration is now.
  const now = (await list(bench)).find(({ id }) => id === found.id)
  const still = now === undefined ? 'not possible' : updateFor(now, role, events)
  if (now !== undefined && still === undefined) return kept(item, now)
  if (failure !== undefined) throw failure
  return kept(
    manual(`${quoted(found)}: I/O Events took the update, and it is still ${now?.health ?? 'not listed'}`),
    now ?? found,
  )
}

async function create(role: Role, events: WantedEvents, bench: Workbench): Promise<Kept> {
  let id: string | undefined
  const body = {
    client_id: bench.options.apiKey,
    name: role.name,
    description: role.description,
    delivery_type: 'webhook',
    runtime_action: role.action,
    events_of_interest: events.codes.map((code) => ({
      provider_id: events.providerId,
      event_code: code,
    })),
  }
  const failure = await failureOf(
    bench.library.create(body).then((made) => {
      id = made
    }),
  )
  if (failure !== undefined && isRefused(failure)) return left(role, failure, bench, [])
  const same = (await list(bench)).filter(({ name }) => name === role.name).toSorted(byAge)
  const [first] = same
  if (first === undefined) throw failure ?? unavailable('took a registration, and does not list it')
  // Somebody else has run the setup at the same time. All agree on the oldest one.
  const own = same.find((one) => one.id === id)
  if (own !== undefined && own !== first) {
    await bench.library.remove(own.id)
    return { items: [{ kind: 'unchanged', what: quoted(role) }], registration: first, isLeft: false }
  }
  return { items: [{ kind: 'changed', what: quoted(role) }], registration: first, isLeft: false }
}

/** I/O Events knows actions that are deployed only, and says no more than that the request is wrong. */
const isRefused = ({ status }: BridgeError): boolean => status === 400 || status === 422

/** @param why the refusal; or `later` when nothing was tried, since the action is not known to be there */
function left(role: Role, why: BridgeError | 'later', { env }: Workbench, told: readonly SetupItem[]): Kept {
  const reason =
    why === 'later'
      ? `I/O Events takes it once ${role.action} is deployed`
      : `I/O Events refuses it (${why.status}), as while ${role.action} is not deployed`
  const what = `${quoted(role)}: ${reason}. Deploy first: that ends with the registrations`
  return {
    items: [
      { kind: 'manual', what, where: `npm run deploy -- --env ${env}`, awaitsDeployment: true },
      ...told,
    ],
    registration: undefined,
    isLeft: true,
  }
}

const list = ({ options, parts, call }: Workbench) => listHeldRegistrations(options, parts, call)

async function failureOf(work: Promise<unknown>): Promise<BridgeError | undefined> {
  try {
    await work
    return undefined
  } catch (thrown) {
    // What is refused for good, as for want of rights, has certainly not been done.
    if (thrown instanceof BridgeError && (thrown.failureClass === 'transient' || mayBeDone(thrown)))
      return thrown
    throw thrown
  }
}

const mayBeDone = ({ status }: BridgeError): boolean => status === 400 || status === 409 || status === 422
