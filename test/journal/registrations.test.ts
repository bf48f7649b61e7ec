import type { ServerResponse } from 'node:http'
import { createHttpClient } from '../../src/http/http-client'
import { fixedToken } from '../../src/http/tokens'
import { listRegistrations, type RegistrationsOptions } from '../../src/journal/registrations'
import { rejection, startCall } from '../support/call'
import { createInstantClock } from '../support/instant-clock'
import { type RawServer, startRawServer, until } from '../support/raw-server'

let server: RawServer
let answer: (response: ServerResponse) => void
beforeEach(async () => {
  server = await startRawServer((_request, response) => answer(response))
})
afterEach(() => server.close())

const tokens = fixedToken('token-1234567890')
const workspace = { consumerOrgId: '23294', projectId: '45', workspaceId: '67' }
const list = (overrides: Partial<RegistrationsOptions> = {}, call = startCall()) =>
  listRegistrations(
    { workspace, apiKey: 'client-1', orgId: 'ORG@AdobeOrg', baseUrl: server.url, retries: 0, ...overrides },
    { tokens, http: createHttpClient({ clock: createInstantClock(), random: () => 0.5 }) },
    call,
  )
const json = (body: unknown, status = 200) => {
  answer = (response) => {
    response.writeHead(status, { 'content-type': 'application/hal+json' }).end(JSON.stringify(body))
  }
}

const endpoint = 'https://events-va6.adobe.io/events/organizations/23294/integrations/54108/r-1'

it('the registrations of a workspace come with their journaling endpoints and their state', async () => {
  json({
    _embedded: {
      registrations: [
        {
          registration_id: 'r-1',
          name: 'Asset events',
          delivery_type: 'webhook',
          runtime_action: 'bridge/generic',
          enabled: true,
          status: 'VERIFIED',
          events_url: endpoint,
        },
        {
          registration_id: 'r-2',
          name: null,
          enabled: false,
          webhook_status: 'disabled',
          _links: { 'rel:events': { href: `${endpoint}2` } },
        },
      ],
    },
  })

  const [one, two] = await list()

  expect(one).toEqual({
    id: 'r-1',
    name: 'Asset events',
    journalUrl: endpoint,
    deliveryType: 'webhook',
    runtimeAction: 'bridge/generic',
    isEnabled: true,
    status: 'VERIFIED',
    health: 'ok',
  })
  expect(two).toMatchObject({
    id: 'r-2',
    journalUrl: `${endpoint}2`,
    isEnabled: false,
    status: 'disabled',
    health: 'disabled',
  })
  const [request] = server.requests
  expect(request?.url).toBe('/events/23294/45/67/registrations')
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer token-1234567890',
    'x-api-key': 'client-1',
    'x-ims-org-id': 'ORG@AdobeOrg',
  })
})

it('a workspace without registrations has none', async () => {
  json({})

  expect(await list()).toEqual([])
})

it.each([401, 403, 404])('a refusal (%i) is the operator’s to mend', async (status) => {
  json({ echo: 'token-1234567890' }, status)

  const error = await rejection(list())

  expect(error).toMatchObject({ failureClass: 'systemic', code: 'IO_EVENTS_REFUSED', status })
  expect(`${error} ${JSON.stringify(error)}`).not.toContain('token-1234567890')
})

it.each([429, 500, 503])('a bad moment (%i) is transient', async (status) => {
  json({}, status)

  expect(await rejection(list())).toMatchObject({
    failureClass: 'transient',
    code: 'IO_EVENTS_UNAVAILABLE',
  })
})

it.each(['<html>sign in</html>', '{"_embedded":{"registrations":[{}]}}', '[]', '{"_embed'])(
  'an answer that is none (%s) is transient',
  async (body) => {
    answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(body)

    expect(await rejection(list())).toMatchObject({ code: 'IO_EVENTS_UNAVAILABLE' })
  },
)

it('no answer ends with its time, or with the call', async () => {
  answer = () => undefined
  expect(await rejection(list({ timeoutMs: 50 }))).toMatchObject({ code: 'IO_EVENTS_UNAVAILABLE' })

  const call = startCall()
  const ended = rejection(list({}, call))
  await until(() => server.requests.length === 2, 'the request arrives')
  const reason = new Error('time is up')
  call.abort(reason)
  expect(await ended).toBe(reason)
})
