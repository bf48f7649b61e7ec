import * as v from 'valibot'
import type { CallContext } from '../../../src/core/call-context'
import { BridgeError } from '../../../src/core/errors'
import { parseJson } from '../../../src/core/json'
import { accountOf } from '../../../src/ims/account'
import type { HeldRegistration } from '../../../src/journal/registrations'
import {
  openRegistrationsApi,
  type RegistrationsOptions,
  type RegistrationsParts,
  unavailable,
} from '../../../src/journal/registrations-api'
import type { SetupItem } from '../step'

const name = 'asset-bridge: not its own writes'
const description = 'What the app itself writes costs no activation. Events that name nobody pass.'

const Filters = v.array(v.object({ id: v.string(), name: v.string(), subscriber_filter: v.string() }))

/**
 * What lets all events through but those that this account caused.
 * Source: Adobe I/O Events, Subscriber Defined Filtering. Upper and lower case differ there, so both spellings are named.
 */
export const filterAgainst = (account: string): string =>
  JSON.stringify({
    data: {
      user: {
        principalId: [{ 'anything-but': [...new Set([account, account.toLowerCase()])] }, { exists: false }],
      },
    },
  })

/**
 * Keeps the filter of a registration; it can have one only. A filter of somebody else stays. `@adobe/aio-lib-events`
 * 4.1.0 knows nothing of filters.
 * Source: Adobe I/O Events, Subscriber Defined Filtering, API guide: `/registrations/{id}/filters[/{id}]`.
 * @param registration undefined when it is not made yet, in a dry run
 */
export async function keepFilter(
  registration: HeldRegistration | undefined,
  access: { options: RegistrationsOptions; parts: RegistrationsParts },
  { dryRun, call }: { dryRun: boolean; call: CallContext },
): Promise<SetupItem> {
  const what = `filter of registration "${registration?.name ?? 'asset-bridge: edits and moves'}"`
  const account = accountOf(await access.parts.tokens.token(call))
  const place = 'Developer Console > the registration > Event Filtering'
  if (account === undefined) {
    const reason =
      'the token does not name the technical account: put it in by hand, see docs/registrations.md'
    return { kind: 'manual', what: `${what}: ${reason}`, where: place }
  }
  if (registration === undefined) return { kind: 'changed', what }
  const wanted = filterAgainst(account)
  if (registration.events.some(({ event_delivery_format: format }) => format === 'adobe_io')) {
    return { kind: 'manual', what: `${what}: only CloudEvents can be filtered`, where: place }
  }
  const ask = openRegistrationsApi(access.options, access.parts, call)
  // A second POST would be refused for the filter that the first one has made.
  const askOnce = openRegistrationsApi({ ...access.options, retries: 0 }, access.parts, call)
  const path = `/${encodeURIComponent(registration.id)}/filters`
  try {
    const known = await list()
    const [first] = known
    const own = known.find((one) => one.name === name)
    const other = own ?? first
    if (other !== undefined && isSame(other.subscriber_filter, wanted)) return { kind: 'unchanged', what }
    if (own === undefined && first !== undefined) {
      if (first.subscriber_filter.toLowerCase().includes(account.toLowerCase()))
        return { kind: 'unchanged', what }
      const reason = `it has a filter of yours (${first.name}), and can have one only: put this into it: ${wanted}`
      return { kind: 'manual', what: `${what}: ${reason}`, where: place }
    }
    if (dryRun) return { kind: 'changed', what }
    const body = { name, description, subscriber_filter: wanted }
    try {
      await (own === undefined
        ? askOnce('filter a registration', { path, method: 'POST', body })
        : askOnce('filter a registration', {
            path: `${path}/${encodeURIComponent(own.id)}`,
            method: 'PUT',
            body,
          }))
    } catch (thrown) {
      const isLost = thrown instanceof BridgeError && thrown.failureClass === 'transient'
      // An answer that was lost says nothing.
      if (!isLost || !(await list()).some((one) => isSame(one.subscriber_filter, wanted))) throw thrown
    }
    return { kind: 'changed', what }
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || ![400, 404, 405].includes(thrown.status ?? 0)) throw thrown
    const reason = `I/O Events does not take it (${thrown.status}): put it in by hand: ${wanted}`
    return { kind: 'manual', what: `${what}: ${reason}`, where: place }
  }

  async function list() {
    const known = v.safeParse(Filters, await ask('list the filters of a registration', { path }))
    if (!known.success) throw unavailable('answered something else than filters')
    return known.output
  }
}

const isSame = (one: string, other: string): boolean =>
  JSON.stringify(parseJson(one)) === JSON.stringify(parseJson(other))
