import type { AssetView } from '../../sandbox/aem/author'
import { builtActions } from '../../sandbox/deployment'
import type { JsonObject } from '../../sandbox/json'
import { httpAnswer } from '../../sandbox/runtime/http-answer'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { sampleRoot } from '../../scripts/command'

let sandbox: Sandbox
let count = 0

async function start(
  inputs: JsonObject = {},
  { maxActivations, workerMs }: { maxActivations?: number; workerMs?: number } = {},
): Promise<void> {
  const actions = Object.fromEntries(
    Object.entries(builtActions(sampleRoot)).map(([name, spec]) => [
      name,
      {
        ...spec,
        inputs,
        ...(name === 'export-worker' && workerMs !== undefined ? { timeoutMs: workerMs } : {}),
      },
    ]),
  )
  sandbox = await startSandbox({
    actions,
    receiver: 'generic',
    ...(maxActivations === undefined ? {} : { maxActivations }),
  })
}

function publish(number: number, metadata: JsonObject = {}): AssetView[] {
  const assets = Array.from({ length: number }, () =>
    sandbox.aem.addAsset({
      path: `/content/dam/runtime/asset ${++count}.png`,
      content: { size: 5_000, seed: count },
      assetMetadata: { exportDestination: 'folder', exportImmediately: 'no', ...metadata },
    }),
  )
  return assets
}

const hold = (assets: readonly AssetView[]): void => {
  for (const asset of assets)
    sandbox.registration('export-asset').hold(sandbox.aem.publicationEvent('published', asset))
}

async function run(): Promise<JsonObject> {
  const { status, body } = httpAnswer(await sandbox.runtime.invoke('export-batch'))
  expect([status, body]).toEqual([200, expect.any(Object)])
  return body as JsonObject
}

/** The keys that are in the folder as they are in AEM. */
async function arrived(assets: readonly AssetView[]): Promise<number> {
  const files = new Map((await sandbox.folder.files()).map(({ key, sha1 }) => [key, sha1]))
  return assets.filter(
    ({ path, repositoryMetadata }) =>
      files.get(path.slice('/content/dam/'.length)) === repositoryMetadata['dam:sha1'],
  ).length
}

const downloads = (): number =>
  sandbox.aem.blobs.requests.filter(({ method, status }) => method === 'GET' && status === 200).length
const asked = () => sandbox.runtime.api.requests.filter(({ path }) => path.endsWith('/export-worker'))

/** Tests of push and batch on the same events. */
export function describePushAndBatch(): void {
  afterEach(() => sandbox.close())

  test('bring every asset that is due, each one once; the batch brings what push put off or missed', async () => {
    await start()
    const now = publish(6, { exportImmediately: 'yes' })
    const later = publish(6)
    const missed = publish(6, { exportImmediately: 'yes' })
    const events = sandbox.registration('export-asset')
    for (const asset of [...now, ...later]) {
      const { state } = await events.deliver(sandbox.aem.publicationEvent('published', asset))
      expect(state).toBe('done')
    }
    expect((await sandbox.folder.files()).length).toBe(now.length)
    hold(missed)
    const processed = publish(1)
    for (const asset of processed)
      sandbox.registration('generic').hold(sandbox.aem.processingCompletedEvent(asset))

    expect(await run()).toMatchObject({ outcome: 'done', done: 19, parked: 0, deadLettered: 0 })

    expect(await arrived([...now, ...later, ...missed])).toBe(18)
    expect(downloads()).toBe(18)
    expect(sandbox.aem.asset(processed[0]?.id ?? '').assetMetadata['wknd-skuid']).toBe('MockSKU 123')
    expect(await run()).toMatchObject({ events: 0, bytes: 0 })
  })

  test('end in the same content when both are at it at the same time', async () => {
    await start()
    const assets = publish(30, { exportImmediately: 'yes' })
    const events = sandbox.registration('export-asset')
    const deliveries = assets.map((asset) => events.deliver(sandbox.aem.publicationEvent('published', asset)))
    const [report, ...traces] = await Promise.all([run(), ...deliveries])

    expect(report).toMatchObject({ outcome: 'done', parked: 0, failed: 0 })
    expect(new Set(traces.map(({ state }) => state))).toEqual(new Set(['done']))
    expect(await arrived(assets)).toBe(30)
    expect((await sandbox.folder.files()).length).toBe(30)
    const before = downloads()
    expect(await run()).toMatchObject({ outcome: 'done' })
    expect(downloads()).toBe(before)
  })
}

/** How many assets each test of the workers exports. */
export type WorkerSizes = { spread: number; refused: number; killed: number; ended: number }

/** Tests of a batch that spreads its work over activations of `export-worker`. */
export function describeExportWorkers(sizes: WorkerSizes): void {
  afterEach(() => sandbox.close())

  test('spreads the work over activations of export-worker', async () => {
    await start({ EXPORT_WORKERS: '4', EXPORT_CONCURRENCY: '1' })
    const assets = publish(sizes.spread)
    hold(assets)

    expect(await run()).toMatchObject({ outcome: 'done', done: sizes.spread, bytes: sizes.spread * 5_000 })

    expect(await arrived(assets)).toBe(sizes.spread)
    expect(asked().length).toBeGreaterThanOrEqual(4)
    expect(new Set(asked().map(({ status }) => status))).toEqual(new Set([200]))
    // Together the workers do far more than the run itself.
    const works = asked().reduce((sum, { body }) => sum + JSON.parse(body).works.length, 0)
    expect(works).toBeGreaterThan(sizes.spread / 2)
    expect(downloads()).toBe(sizes.spread)
    // No input goes over the wire: the worker has its own.
    expect(
      asked().some(({ body }) => body.includes(sandbox.inputs().ADC_CECREDENTIALS_CLIENTSECRET ?? 'p8e-')),
    ).toBe(false)
  })

  test('stays under what the namespace may have at once, and loses nothing by its refusals', async () => {
    await start({ EXPORT_WORKERS: '10', EXPORT_CONCURRENCY: '2' }, { maxActivations: 3 })
    const assets = publish(sizes.refused)
    hold(assets)

    expect(await run()).toMatchObject({ outcome: 'done', done: sizes.refused })

    expect(await arrived(assets)).toBe(sizes.refused)
    const statuses = asked().map(({ status }) => status)
    expect(statuses).toContain(429)
    expect(statuses).toContain(200)
    // Back-off: no storm of refusals.
    expect(statuses.filter((status) => status === 429).length).toBeLessThan(60)
  })

  test('loses nothing when workers are killed over their work', async () => {
    await start({ EXPORT_WORKERS: '3', EXPORT_CONCURRENCY: '1' })
    const assets = publish(sizes.killed)
    hold(assets)
    sandbox.aem.blobs.faults.add({ fault: { kind: 'latency', delayMs: 100 } })
    let isOver = false
    const report = run().finally(() => {
      isOver = true
    })
    let kills = 0
    for (let seen = 0; kills < 3 && !isOver; ) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (asked().length <= seen) continue
      seen = asked().length
      await new Promise((resolve) => setTimeout(resolve, 150))
      await sandbox.runtime.kill('export-worker')
      kills += 1
    }
    expect(kills).toBe(3)

    expect(await report).toMatchObject({ outcome: 'done', done: sizes.killed, deadLettered: 0 })

    expect(await arrived(assets)).toBe(sizes.killed)
    expect(asked().some(({ status }) => status === 502)).toBe(true)
  })

  test('loses nothing when a worker is ended by its time', async () => {
    await start({ EXPORT_WORKERS: '2', EXPORT_CONCURRENCY: '1' }, { workerMs: 1_000 })
    const assets = publish(sizes.ended)
    hold(assets)
    sandbox.aem.blobs.faults.add({ fault: { kind: 'latency', delayMs: 150 } })

    expect(await run()).toMatchObject({ outcome: 'done', done: sizes.ended, deadLettered: 0 })

    expect(await arrived(assets)).toBe(sizes.ended)
    expect((await run()).pending).toBe(0)
  })
}
