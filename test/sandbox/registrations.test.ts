import { aemProviders } from '../../sandbox/event-providers'
import type { JsonObject } from '../../sandbox/json'
import { createRegistrationList } from '../../sandbox/registrations'

const ids = { orgId: '1', projectId: '2', workspaceId: '3' }
const base = '/events/1/2/3/registrations'
const providers = aemProviders('http://127.0.0.1:1', 'ORG@AdobeOrg')
const list = () =>
  createRegistrationList({
    ...{ ids, clientId: 'client', providers, registered: [], fed: ['generic'], now: () => 0 },
    isDeployed: (name) => name === 'asset-bridge/generic',
    journalUrl: () => 'http://127.0.0.1:1/journal',
  })

const ask = (api: ReturnType<typeof list>, method: string, path: string, body: JsonObject = {}) =>
  api.answer({
    ...{ method, path, query: {}, status: undefined, bytesSent: 0, time: 0 },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const provider_id = providers[0]?.id ?? ''
const edit = { provider_id, event_code: 'aem.assets.asset.metadata_updated' }
const good = {
  ...{ client_id: 'client', name: 'One', description: '', delivery_type: 'webhook' },
  ...{ runtime_action: 'asset-bridge/generic', events_of_interest: [edit] },
}

test.each<[string, JsonObject]>([
  ['a field that there is not', { filters: [] }],
  ['no name', { name: '' }],
  ['another client', { client_id: 'other' }],
  ['a URL besides the action', { webhook_url: 'https://example.com' }],
  ['an action that is not deployed', { runtime_action: 'asset-bridge/export-asset' }],
  [
    'an event that is not offered',
    { events_of_interest: [{ provider_id, event_code: 'aem.assets.asset.seen' }] },
  ],
  ['an event with a label', { events_of_interest: [{ ...edit, event_label: 'Edit' }] }],
])('a registration is refused for %s', (_name, wrong) => {
  expect(ask(list(), 'POST', base, { ...good, ...wrong })).toMatchObject({ status: 400 })
})

test('a credential has thirty registrations, also of one name', () => {
  const api = list()
  const statuses = Array.from({ length: 31 }, () => ask(api, 'POST', base, good)?.status)
  expect(statuses).toEqual([...Array.from({ length: 30 }, () => 200), 400])
})

test('a registration has one filter, and an update without it leaves it', () => {
  const api = list()
  ask(api, 'POST', base, good)
  const path = `${base}/${api.view('One')?.registration_id}`
  const filter = (text: string) => ({ name: 'f', description: '', subscriber_filter: text })
  const not = (value: string) =>
    JSON.stringify({ data: { by: [{ 'anything-but': value }, { exists: false }] } })
  expect(ask(api, 'POST', `${path}/filters`, filter('{"data":{"by":[{"wildcard":"a*"}]}}'))).toMatchObject({
    status: 400,
  })
  expect(ask(api, 'POST', `${path}/filters`, filter(not('me')))).toMatchObject({ status: 200 })
  expect(ask(api, 'POST', `${path}/filters`, filter(not('you')))).toMatchObject({ status: 400 })
  expect(ask(api, 'PUT', path, good)).toMatchObject({ status: 200 })

  const type = edit.event_code
  const users: JsonObject[] = [{ by: 'me' }, { by: 'you' }, { of: 'it' }]
  const pushed = users.map((data) => api.pushes('generic', { type, data }))
  expect(pushed).toEqual([false, true, true])
  expect(api.pushes('generic', { type: 'aem.assets.asset.published', data: {} })).toBe(false)
})
