import { randomUUID } from 'node:crypto'
import { type Answer, json, type RecordedRequest } from './server'

/** Organisation, project and workspace, by the ids of the Developer Console. */
export type WorkspaceIds = { orgId: string; projectId: string; workspaceId: string }

/** How a registration is shown. Only an enabled one gets events pushed. */
export type RegistrationState = { enabled: boolean; status: string }

/** What I/O Events lists: the registrations of a workspace, one for each action that takes events. */
export type RegistrationList = {
  /** Answers a request to the API of registrations; undefined for any other one. */
  answer(request: RecordedRequest): Answer | undefined
  /** Shows the registration of an action in another state, as I/O Events does after too many failures. */
  show(action: string, state: RegistrationState): void
  /** Takes the registration of an action away. */
  remove(action: string): void
}

/**
 * Lists the event registrations of a workspace as the I/O Management API does. Credentials are checked before.
 * Source: Adobe I/O Events, Registration API: `GET /events/{org}/{project}/{workspace}/registrations`.
 * @param journalUrl the journaling endpoint; here all registrations share one
 */
export const createRegistrationList = (
  { orgId, projectId, workspaceId }: WorkspaceIds,
  actions: readonly string[],
  journalUrl: () => string,
): RegistrationList => {
  const path = `/events/${orgId}/${projectId}/${workspaceId}/registrations`
  const ids = new Map(actions.map((action) => [action, randomUUID()]))
  const states = new Map<string, RegistrationState>()
  return {
    show: (action, state) => {
      states.set(action, state)
    },
    remove: (action) => {
      ids.delete(action)
    },
    answer: (request) => {
      if (!/^\/events\/[^/]+\/[^/]+\/[^/]+\/registrations$/.test(request.path)) return undefined
      if (request.path !== path) return json(404, { error: 'There is no such workspace' })
      if (request.method !== 'GET') return json(405, { error: 'Method not allowed' }, { allow: 'GET' })
      const registrations = [...ids].map(([action, id]) => ({
        registration_id: id,
        name: `Events for ${action}`,
        delivery_type: 'webhook',
        runtime_action: `asset-bridge/${action}`,
        ...(states.get(action) ?? { enabled: true, status: 'VERIFIED' }),
        events_url: journalUrl(),
      }))
      return json(200, { _embedded: { registrations } })
    },
  }
}
