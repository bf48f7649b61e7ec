import type { HeldRegistration } from '../../../src/journal/registrations'
import { type Role, rolesFor } from './roles'

/** What of the workspace stands for a role. */
export type Match = {
  /** The one that is kept as it has to be. */
  found: HeldRegistration | undefined
  /** Others that have the same events delivered to the same action. */
  doubles: readonly HeldRegistration[]
}

/** The role's codes, each at its provider. */
export type WantedEvents = { providerId: string; codes: readonly string[] }

const ownNames: ReadonlySet<string> = new Set(rolesFor(true).map(({ name }) => name))

/** Whether a registration has an event of these. */
export const hasAny = ({ events }: HeldRegistration, { providerId, codes }: WantedEvents): boolean =>
  events.some((event) => event.provider_id === providerId && codes.includes(event.event_code))

/**
 * Finds what stands for a role: by the name that the setup gives, else by action and events, for a person may have made
 * or renamed it.
 */
export function matchOf(role: Role, events: WantedEvents, all: readonly HeldRegistration[]): Match {
  const candidates = all.filter(
    (one) =>
      one.name === role.name ||
      (!ownNames.has(one.name) && one.runtimeAction === role.action && hasAny(one, events)),
  )
  const [found, ...doubles] = candidates.toSorted(
    (one, other) => rank(one, role) - rank(other, role) || byAge(one, other),
  )
  return { found, doubles }
}

const rank = (one: HeldRegistration, { name }: Role): number =>
  (one.name === name ? 0 : 4) + (one.health === 'ok' ? 0 : 2) + (one.update === undefined ? 1 : 0)

/** The older one first, which every process that looks sees in the same way. */
export const byAge = (one: HeldRegistration, other: HeldRegistration): number => {
  const [a, b] = [one, other].map(({ createdAt = '', id }) => `${createdAt} ${id}`)
  return a === b ? 0 : (a ?? '') < (b ?? '') ? -1 : 1
}

/** What an update has to send; undefined when all is as it should be. */
export function updateFor(
  found: HeldRegistration,
  { action }: Role,
  { providerId, codes }: WantedEvents,
): { body: Readonly<Record<string, unknown>>; why: string } | 'not possible' | undefined {
  const missing = codes.filter(
    (code) => !found.events.some((one) => one.provider_id === providerId && one.event_code === code),
  )
  const why = [
    ...(found.health === 'ok' ? [] : ['pushes again']),
    ...(found.runtimeAction === action && found.deliveryType?.toLowerCase() === 'webhook'
      ? []
      : [`delivers to ${action}`]),
    ...(missing.length === 0 ? [] : [`takes ${missing.join(', ')}`]),
  ]
  if (why.length === 0) return undefined
  if (found.update === undefined) return 'not possible'
  const { webhook_url: _, events_of_interest: events, ...kept } = found.update
  const added = missing.map((code) => ({ provider_id: providerId, event_code: code }))
  const body = {
    ...kept,
    ...{ delivery_type: 'webhook', runtime_action: action, enabled: true },
    events_of_interest: [...events, ...added],
  }
  return { body, why: why.join(', ') }
}
