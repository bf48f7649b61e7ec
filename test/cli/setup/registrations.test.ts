import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { filterAgainst } from '../../../cli/setup/registrations/filter'
import { createEventRegistrations } from '../../../cli/setup/registrations/step'
import type { SetupAnswers, SetupItem } from '../../../cli/setup/step'
import type { Fault } from '../../../sandbox/faults'
import type { JsonObject } from '../../../sandbox/json'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox'
import { createHttpClient } from '../../../src/http/http-client'
import { rejection } from '../../support/call'
import { environmentOf } from '../../support/commands'
import { createInstantClock } from '../../support/instant-clock'

const bundle = join(__dirname, '..', '..', 'sandbox', 'fixtures', 'enricher.cjs')
const names = [
  'asset-bridge: processing completed',
  'asset-bridge: edits and moves',
  'asset-bridge: publications',
  'asset-bridge: edits and moves, for exports',
]
const [processing = '', edits = '', publications = '', editsForExports = ''] = names

let sandbox: Sandbox
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'setup-'))
  sandbox = await startSandbox({
    actions: { generic: { bundle }, 'export-asset': { bundle } },
    registered: false,
  })
})
afterEach(async () => {
  await sandbox.close()
  await rm(root, { recursive: true })
})

type Settings = {
  timeoutMs?: number
  answers?: Partial<SetupAnswers>
  env?: Record<string, string>
  dryRun?: boolean
}

/** The step, with what `.env.stage` says by now. */
async function setUp({
  answers,
  env,
  dryRun = false,
  timeoutMs = 20_000,
}: Settings = {}): Promise<readonly SetupItem[]> {
  const written = parse(await readFile(join(root, '.env.stage'), 'utf8').catch(() => ''))
  const { JOURNAL_URL: _, ...operator } = sandbox.operatorEnv()
  const http = createHttpClient({ clock: createInstantClock(), random: () => 0.5 })
  const given = { folders: ['/content/dam'], pim: 'mock', destinations: ['folder'], ...answers }
  return createEventRegistrations({ http, retries: 0, timeoutMs }).run(
    { env: 'stage', author: sandbox.aem.url, ...given },
    { dryRun, root, environment: environmentOf({ ...operator, ...written, ...env }) },
  )
}

const events = (...codes: string[]): JsonObject[] =>
  codes.map((code) => ({
    provider_id: sandbox.registrations.providers[0]?.id ?? '',
    event_code: `aem.assets.asset.${code}`,
  }))
const namesNow = () => sandbox.registrations.all().map(({ name }) => name)
const calls = (method: string) => sandbox.journal.requests.filter((it) => it.method === method)
const whats = (items: readonly SetupItem[], kind: SetupItem['kind']) =>
  items.flatMap((it) => (it.kind === kind ? [it.what] : []))
const fail = (method: string, fault: Fault, times = 100) =>
  sandbox.journal.faults.add({ method, path: /registrations/, times, fault })

/** Makes a registration as a person does in the Developer Console. */
async function byHand(fields: JsonObject): Promise<void> {
  const {
    AIO_project_org_id: org,
    AIO_project_id: project,
    AIO_project_workspace_id: workspace,
  } = sandbox.operatorEnv()
  const inputs = sandbox.inputs()
  const { init } = await import('@adobe/aio-lib-events')
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
    client_secret: inputs.ADC_CECREDENTIALS_CLIENTSECRET ?? '',
    scope: inputs.ADC_CECREDENTIALS_METASCOPES ?? '',
  })
  const answer: unknown = await (
    await fetch(`${sandbox.ims.url}/ims/token/v3`, { method: 'POST', body: form })
  ).json()
  const token =
    typeof answer === 'object' && answer !== null && 'access_token' in answer ? answer.access_token : ''
  const client = await init(
    inputs.ADC_CECREDENTIALS_ORGID ?? '',
    inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
    String(token),
    { eventsBaseURL: sandbox.journal.url },
  )
  await client.createRegistration(org ?? '', project ?? '', workspace ?? '', {
    client_id: inputs.ADC_CECREDENTIALS_CLIENTID,
    description: 'made by hand',
    delivery_type: 'webhook',
    ...fields,
  })
}

test('a dry run leaves the registrations to the deployment while no action is known to be there', async () => {
  const dry = await setUp({ dryRun: true, env: { AIO_runtime_apihost: 'http://127.0.0.1:9' } })

  expect(whats(dry, 'changed').filter((what) => what.startsWith('registration'))).toEqual([])
  expect(whats(dry, 'manual')).toEqual(
    names.map((name) => expect.stringMatching(`^registration "${name}": .* Deploy first`)),
  )
  expect(namesNow()).toEqual([])
})

test('registers all events with the filter, writes the journal, and changes nothing the second time', async () => {
  const dry = await setUp({ dryRun: true })
  expect([whats(dry, 'changed'), namesNow()]).toEqual([
    expect.arrayContaining(names.map((name) => `registration "${name}"`)),
    [],
  ])
  const first = await setUp()
  const posts = calls('POST').length
  const second = await setUp()

  expect(sandbox.registrations.all()).toMatchObject([
    {
      name: processing,
      runtime_action: 'asset-bridge/generic',
      events_of_interest: events('processing_completed'),
    },
    {
      name: edits,
      runtime_action: 'asset-bridge/generic',
      events_of_interest: events('metadata_updated', 'moved'),
    },
    {
      name: publications,
      runtime_action: 'asset-bridge/export-asset',
      events_of_interest: events('deleted', 'published', 'unpublished'),
    },
    { name: editsForExports, runtime_action: 'asset-bridge/export-asset' },
  ])
  const account = 'sandbox-client-id@techacct.adobe.com'
  expect(names.map((name) => sandbox.registrations.filters(name).map((it) => it.subscriber_filter))).toEqual([
    [],
    [filterAgainst(account)],
    [],
    [],
  ])
  expect(whats(first, 'changed')).toEqual([
    ...['processing completed', 'edits and moves'].map((name) => `registration "asset-bridge: ${name}"`),
    `filter of registration "${edits}"`,
    `registration "${publications}"`,
    `registration "${editsForExports}"`,
    '.env.stage',
    'environments/stage.env.template',
  ])
  expect(parse(await readFile(join(root, '.env.stage'), 'utf8'))).toMatchObject({
    JOURNAL_URL: sandbox.journal.journalUrl,
    EVENTS_WORKSPACE_ID: sandbox.operatorEnv().AIO_project_workspace_id,
  })
  expect([
    whats(second, 'changed'),
    whats(second, 'manual'),
    calls('POST').length,
    calls('PUT').length,
  ]).toEqual([[], [], posts, 0])
})

test('what is registered is pushed, but for what the app itself has written', async () => {
  const { aem, registration } = sandbox
  const asset = aem.addAsset({ path: '/content/dam/a.jpg' })
  const edit = (principalId: string) => ({
    ...aem.processingCompletedEvent(asset, { data: { user: { principalId } } }),
    type: 'aem.assets.asset.metadata_updated',
  })
  const attempts = async (event: JsonObject) => (await registration('generic').deliver(event)).attempts.length
  expect(await attempts(aem.processingCompletedEvent(asset))).toBe(0)

  await setUp({ answers: { destinations: [] } })

  expect(namesNow()).toEqual([processing, edits])
  expect(await attempts(aem.processingCompletedEvent(asset))).toBe(1)
  expect(await attempts(edit('ada@example.com'))).toBe(1)
  expect(await attempts(edit('sandbox-client-id@techacct.adobe.com'))).toBe(0)
})

test('keeps what a person has set: name, description, further events, a journal of their own', async () => {
  await setUp()
  const { registrations } = sandbox
  registrations.edit(processing, { name: 'Assets, new', description: 'of Ada' })
  registrations.set(publications, 'DISABLED')
  registrations.set(editsForExports, 'UNSTABLE')
  registrations.edit(edits, {
    events_of_interest: events('created', 'metadata_updated'),
    runtime_action: 'asset-bridge/generic',
  })
  const foreign = 'https://events-va6.adobe.io/events/organizations/1/integrations/2/3'

  const items = await setUp({ env: { JOURNAL_URL: foreign } })

  expect(whats(items, 'changed')).toEqual([
    `registration "${edits}": takes aem.assets.asset.moved`,
    `registration "${publications}": pushes again`,
    `registration "${editsForExports}": pushes again`,
    '.env.stage',
    'environments/stage.env.template',
  ])
  expect(whats(items, 'unchanged')).toContain('registration "Assets, new"')
  expect(registrations.all()).toMatchObject([
    { name: 'Assets, new', description: 'of Ada' },
    { name: edits, events_of_interest: events('created', 'metadata_updated', 'moved') },
    { name: publications, enabled: true, status: 'VERIFIED' },
    { name: editsForExports, status: 'VERIFIED' },
  ])
  expect(parse(await readFile(join(root, '.env.stage'), 'utf8')).JOURNAL_URL).toBe(
    `${foreign},${sandbox.journal.journalUrl}`,
  )
})

test('one that a person made stands for its events; a double and a mixture are told, and left alone', async () => {
  const receiver = { runtime_action: 'asset-bridge/generic' }
  await byHand({
    name: 'Ours',
    ...receiver,
    events_of_interest: events('processing_completed', 'metadata_updated'),
  })
  await byHand({ name: 'Ours, too', ...receiver, events_of_interest: events('processing_completed') })

  const items = await setUp({ answers: { destinations: [] } })

  expect(namesNow()).toEqual(['Ours', 'Ours, too'])
  expect(whats(items, 'unchanged')[0]).toBe('registration "Ours"')
  expect(whats(items, 'manual')).toEqual([
    expect.stringMatching(/"Ours, too" .* each comes twice: delete it/),
    expect.stringMatching(/"Ours" has the events of "asset-bridge: edits and moves", too/),
  ])
})

test.each<[string, Fault, number]>([
  ['the answer is lost', { kind: 'resetAfter' }, 5],
  ['half of the answer is lost', { kind: 'cut' }, 1],
])('a registration whose making seemed to fail is not made twice: %s', async (_name, fault, times) => {
  fail('POST', fault, times)

  await setUp({ timeoutMs: 1_000 })
  await setUp()

  expect([namesNow(), sandbox.registrations.filters(edits).length]).toEqual([names, 1])
})

test.each<[string, Fault, object]>([
  ['401', { kind: 'status', status: 401 }, { code: 'IO_EVENTS_REFUSED', status: 401 }],
  ['403', { kind: 'status', status: 403 }, { code: 'IO_EVENTS_REFUSED', status: 403 }],
  ['409', { kind: 'status', status: 409 }, { code: 'IO_EVENTS_REFUSED', status: 409 }],
  ['429', { kind: 'status', status: 429 }, { code: 'IO_EVENTS_UNAVAILABLE' }],
  ['503', { kind: 'status', status: 503 }, { code: 'IO_EVENTS_UNAVAILABLE' }],
  ['a page in HTML', { kind: 'html' }, { code: 'IO_EVENTS_UNAVAILABLE' }],
  ['no answer', { kind: 'reset' }, { code: 'IO_EVENTS_UNAVAILABLE' }],
])('stopped by %s, it goes on from there the next time', async (_name, fault, expected) => {
  fail('POST', fault, 1)
  const error = await rejection(setUp())
  expect(error).toMatchObject(expected)
  expect(`${error}`).not.toMatch(/Bearer|eyJ/)

  await setUp()
  sandbox.journal.faults.clear()
  expect(namesNow()).toEqual(names)

  const reading = fail('GET', fault)
  expect(await rejection(setUp())).toMatchObject(expected)
  reading.remove()
})

test('stopped between a registration and its filter, it filters the next time', async () => {
  const stop = sandbox.journal.faults.add({ path: /filters/, fault: { kind: 'status', status: 403 } })
  expect(await rejection(setUp())).toMatchObject({ code: 'IO_EVENTS_REFUSED' })
  expect(namesNow()).toEqual([processing, edits])
  stop.remove()

  await setUp()
  expect([namesNow(), sandbox.registrations.filters(edits).length]).toEqual([names, 1])
})

test('two at once make one of each', async () => {
  // Each sees an empty workspace before the other one has made anything.
  sandbox.journal.faults.add({ method: 'POST', times: 2, fault: { kind: 'latency', delayMs: 150 } })
  await Promise.all([setUp(), setUp()])
  expect(namesNow().toSorted()).toEqual(names.toSorted())
})

test('actions that are not deployed yet are told, and the next run registers them', async () => {
  await sandbox.close()
  sandbox = await startSandbox({ actions: { generic: { bundle } }, registered: false })

  const items = await setUp()

  expect(namesNow()).toEqual([processing, edits])
  expect(items.filter(({ kind }) => kind === 'manual')).toEqual(
    [publications, editsForExports].map((name) => ({
      kind: 'manual',
      awaitsDeployment: true,
      what: expect.stringContaining(`registration "${name}": I/O Events refuses it (400)`),
      where: 'npm run deploy -- --env stage',
    })),
  )
})

test('events that AEM does not offer are left out, however a move is spelled', async () => {
  const [assets] = sandbox.registrations.providers
  if (assets !== undefined) {
    assets.codes = ['processing_completed', 'renamed', 'published', 'deleted'].map(
      (code) => `aem.assets.asset.${code}`,
    )
  }
  const items = await setUp()
  expect(sandbox.registrations.view(edits)).toMatchObject({ events_of_interest: events('renamed') })
  expect(whats(items, 'manual')).toEqual([
    expect.stringContaining('does not offer the events metadata-updated yet'),
    expect.stringContaining('does not offer the events unpublished yet'),
    expect.stringContaining('does not offer the events metadata-updated yet'),
  ])
})

test('the provider is found by program and environment; several or none are for the user to settle', async () => {
  const { providers } = sandbox.registrations
  const author = 'https://author-p1-e2.adobeaemcloud.com'
  const [assets] = providers
  if (assets === undefined) throw new Error('there is no provider')
  providers.push({
    ...assets,
    id: 'other',
    label: 'AEM Assets p1-e23',
    description: '',
    instanceId: 'p1-e23',
  })
  expect(whats(await setUp({ answers: { author }, dryRun: true }), 'manual')).toEqual([])

  providers.push({ ...assets, id: 'twin', label: 'Twin' })
  const ambiguous = await setUp({ answers: { author } })
  expect(ambiguous).toEqual([
    {
      kind: 'manual',
      what: expect.stringMatching(
        /EVENTS_PROVIDER_ID to one of aemassets_.* \(AEM Assets p1-e2\), twin \(Twin\)$/,
      ),
      where: '.env.stage',
    },
  ])
  const env = { EVENTS_PROVIDER_ID: 'twin' }
  expect(whats(await setUp({ answers: { author }, env, dryRun: true }), 'manual')).toEqual([])

  const none = await setUp({ answers: { author: 'https://author-p9-e9.adobeaemcloud.com' } })
  expect(none).toMatchObject([{ kind: 'manual', what: expect.stringContaining('Switch on AEM Eventing') }])
  expect(namesNow()).toEqual([])
})

test('a filter of the user stays', async () => {
  await setUp({ answers: { destinations: [] } })
  const [own] = sandbox.registrations.filters(edits)
  if (own === undefined) throw new Error('there is no filter')
  own.name = 'Only products'
  own.subscriber_filter =
    '{"data":{"repositoryMetadata":{"repo:path":[{"prefix":"/content/dam/products/"}]}}}'
  const kept = { ...own }

  const items = await setUp({ answers: { destinations: [] } })

  expect(sandbox.registrations.filters(edits)).toEqual([kept])
  expect(whats(items, 'manual')).toEqual([
    expect.stringContaining('it has a filter of yours (Only products)'),
  ])
})
