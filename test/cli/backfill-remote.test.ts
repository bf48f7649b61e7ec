import { main as exportWorker } from '../../actions/export-worker/index'
import { backfill, backfillRecords } from '../../src/app/backfill'
import { systemClock } from '../../src/core/clock'
import { transientError } from '../../src/core/errors'
import { createRedactor } from '../../src/core/redaction'
import type { Activations } from '../../src/delivery/activations'
import { pagesFor } from '../../src/flows/backfill/remote-page'
import type { Worked } from '../../src/flows/backfill/task'
import { readOperatorInputs } from '../../src/inputs/raw-inputs'
import { createRecords } from '../../src/runtime/records'
import { startCall } from '../support/call'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver({}, exportWorker)
})
afterAll(() => receiver.close())

let folders = 0

function addAssets(count: number): { folder: string; ids: readonly string[] } {
  const { aem, akeneo } = receiver.sandbox
  const folder = `/content/dam/remote-${++folders}`
  const ids = Array.from({ length: count }, (_, index) => {
    const sku = `remote-${folders}-${index}`
    akeneo.catalogue.setProduct(sku, {
      values: { name: [{ locale: 'en_US', scope: null, data: `Lamp ${index}` }] },
    })
    return aem.addAsset({ path: `${folder}/${sku}.png`, assetMetadata: { exportDestination: 'folder' } }).id
  })
  return { folder, ids }
}

/** Sends each invocation to the action in this process. */
function activationsWith(before: (asked: number) => void = () => undefined) {
  const sent: number[] = []
  let [active, most] = [0, 0]
  const activations: Activations = {
    start: () => Promise.reject(new Error('no work is handed over without waiting')),
    async ask(action, params) {
      expect(action).toBe('export-worker')
      const { backfill: slice } = JSON.parse(JSON.stringify(params))
      sent.push(slice.assets.length)
      most = Math.max(most, ++active)
      try {
        before(sent.length)
        const inputs = { ...receiver.sandbox.akeneo.inputs(), PIM_COMMUNICATOR: 'akeneo' }
        return bodyOf(await receiver.invoke({ backfill: slice }, { inputs }))
      } finally {
        active -= 1
      }
    },
  }
  return { activations, sent, most: () => most }
}

async function run(
  folder: string,
  { activations }: Pick<ReturnType<typeof activationsWith>, 'activations'>,
  kind: 'enrich' | 'both' = 'enrich',
) {
  const { sandbox } = receiver
  const env: Record<string, string> = { ...sandbox.operatorEnv(), PIM_COMMUNICATOR: 'akeneo' }
  const inputs = readOperatorInputs(env)
  const activation = {
    namespace: env.AIO_runtime_namespace,
    apiKey: env.AIO_runtime_auth,
    apiHost: undefined,
    id: undefined,
    deadline: undefined,
    actionName: undefined,
  }
  const call = startCall()
  const context = {
    ...createRecords(activation, inputs),
    ...{ inputs, call, clock: systemClock, redactor: createRedactor(), action: 'backfill' },
    trigger: 'batch' as const,
  }
  const worked: Worked[] = []
  const result = await backfill(
    { kind, origin: sandbox.aem.url, folder, types: [], isDryRun: false },
    {
      ...{ isRestart: true, rate: 4_000, workers: 4, activations, sinceMs: undefined, owner: 'test' },
      onChange: async () => undefined,
      onWorked: async (one) => {
        worked.push(one)
      },
      onProgress: () => undefined,
    },
    context,
  )
  expect(await backfillRecords(context).checkpoints.ids(call.signal)).toEqual([])
  return { result, worked, log: call.log }
}

it('has pages done by workers, several at once, and hears what they wrote', async () => {
  const { folder, ids } = addAssets(450)
  const workers = activationsWith()
  const { requests } = receiver.sandbox.aem
  const before = requests.length

  const { result, worked } = await run(folder, workers)

  expect(result).toMatchObject({ done: true, tally: { checked: 450, written: 450, failed: 0 } })
  expect(workers.sent.reduce((sum, count) => sum + count, 0)).toBe(450)
  expect(workers.most()).toBe(4)
  expect(Math.max(...workers.sent)).toBe(100)
  // One search finds what all four have to do; these assets were created within a second or two, which is halved until it fits.
  const searches = requests.slice(before).filter(({ path }) => path === '/bin/querybuilder.json')
  expect(searches.length).toBeLessThanOrEqual(7)
  expect(receiver.sandbox.aem.asset(ids[449] ?? '').assetMetadata).toMatchObject({ 'wknd-name': 'Lamp 449' })
  expect(worked.find(({ ref }) => ref.id === ids[3])?.changes).toContainEqual({
    property: 'wknd-name',
    old: null,
    new: 'Lamp 3',
    rule: 'every attribute: name',
  })
}, 60_000)

it('searches for more at once only where the rate is high', () => {
  expect(pagesFor(4, 20)).toEqual({ pageSize: 100, pagesAtOnce: 5 })
  expect(pagesFor(8, 100)).toEqual({ pageSize: 200, pagesAtOnce: 5 })
  expect(pagesFor(20, 10_000)).toEqual({ pageSize: 500, pagesAtOnce: 5 })
})

it('enriches and exports by workers; an asset counts once', async () => {
  const { folder, ids } = addAssets(5)
  receiver.sandbox.aem.edit(ids[0] ?? '', ({ repositoryMetadata }) => {
    repositoryMetadata.isPublishedToAemPublish = true
  })

  const { result, worked } = await run(folder, activationsWith(), 'both')

  expect(result).toMatchObject({ done: true, tally: { checked: 5, written: 5, failed: 0 } })
  expect(worked.find(({ ref }) => ref.id === ids[0])?.stored).toMatchObject([{ destination: 'folder' }])
})

it('does a page here when no worker can be had', async () => {
  const { folder } = addAssets(3)
  const refusing = activationsWith(() => {
    throw transientError('RUNTIME_UNAVAILABLE', 'too many activations')
  })

  const { result, log } = await run(folder, refusing)

  expect(result).toMatchObject({ done: true, tally: { checked: 3, written: 3 } })
  expect(log.join('\n')).toContain('a worker gave no answer')
})

it('refuses what is no part of a backfill, and an author that is not allowed', async () => {
  const slice = { part: 'enrich', isDryRun: true, rate: 10, assets: [] }
  expect(await receiver.invoke({ backfill: { part: 'enrich' } })).toMatchObject({
    error: { body: { code: 'PARAMS_INVALID' } },
  })
  expect(
    await receiver.invoke({ backfill: { ...slice, origin: 'https://elsewhere.example.com' } }),
  ).toMatchObject({ error: { body: { code: 'HOST_NOT_ALLOWED' } } })
})
