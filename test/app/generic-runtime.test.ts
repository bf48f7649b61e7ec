import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { generic } from './built-actions'

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({
    actions: { generic: { bundle: generic, provideApiKey: true } },
    logLevel: 'info',
  })
})
afterEach(() => sandbox.close())

const upload = () => sandbox.aem.addAsset({ path: `/content/dam/shop/${crypto.randomUUID()}.png` })

describe('the built action in a container of its own', () => {
  test('answers the probe of a new registration', async () => {
    expect((await sandbox.events.challenge()).ok).toBe(true)
  })

  test('takes 50 events at once through one container, one token, one GET and one PATCH each', async () => {
    await sandbox.events.deliver(sandbox.aem.processingCompletedEvent(upload()))
    const requestsBefore = sandbox.aem.requests.length
    const assets = Array.from({ length: 50 }, upload)
    const traces = await Promise.all(
      assets.map((asset) => sandbox.events.deliver(sandbox.aem.processingCompletedEvent(asset))),
    )
    expect(traces.filter(({ state }) => state !== 'done')).toEqual([])
    expect(sandbox.runtime.coldStarts('generic')).toBe(1)
    expect(sandbox.ims.tokensIssued()).toBe(1)
    expect(sandbox.aem.requests.length - requestsBefore).toBe(100)
  })

  test('logs each activation under its own id, though they share one environment', async () => {
    const assets = Array.from({ length: 10 }, upload)
    const traces = await Promise.all(
      assets.map((asset) => sandbox.events.deliver(sandbox.aem.processingCompletedEvent(asset))),
    )
    const ids = traces.flatMap(({ attempts }) =>
      attempts.map(({ activation }) => activation?.activationId ?? ''),
    )
    for (const id of ids) expect(sandbox.runtime.logs('generic')).toContain(`"activation":"${id}"`)
  })

  test('lets I/O Events deliver again while AEM is down, and the asset is done when AEM is back', async () => {
    const asset = upload()
    sandbox.aem.faults.add({ fault: { kind: 'status', status: 503, headers: { 'retry-after': '120' } } })
    const trace = await sandbox.events.deliver(sandbox.aem.processingCompletedEvent(asset))
    expect([trace.state, trace.attempts.map(({ status }) => status)]).toEqual(['waiting', [503]])

    sandbox.aem.faults.clear()
    sandbox.clock.advance(61_000)
    await sandbox.events.retryDue()

    expect(trace.attempts.map(({ status }) => status)).toEqual([503, 200])
    expect(sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
  })

  test('takes answers that come compressed', async () => {
    const asset = upload()
    sandbox.ims.faults.add({ fault: { kind: 'gzip' } })
    sandbox.aem.faults.add({ fault: { kind: 'gzip' } })
    expect((await sandbox.events.deliver(sandbox.aem.processingCompletedEvent(asset))).state).toBe('done')
    expect(sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
  })

  test('answers before its time when AEM never does', async () => {
    sandbox.aem.faults.add({ fault: { kind: 'hang' } })
    const event = sandbox.aem.processingCompletedEvent(upload())
    const activation = await sandbox.runtime.invoke('generic', event, { timeoutMs: 3_000 })
    expect(activation).toMatchObject({ kind: 'application error', error: { statusCode: 503 } })
  })

  test('survives a container that is killed in the middle: the event done again finishes the work', async () => {
    const asset = upload()
    const event = sandbox.aem.processingCompletedEvent(asset)
    sandbox.aem.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'hang' } })
    const delivery = sandbox.events.deliver(event)
    while (!sandbox.aem.requests.some(({ method }) => method === 'PATCH')) await new Promise(setImmediate)
    await sandbox.runtime.kill('generic')
    await delivery

    expect((await sandbox.events.deliver(event)).state).toBe('done')
    expect(sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
  })

  test('writes nothing to its log but its own lines: no warning of a library', async () => {
    await sandbox.events.deliver(sandbox.aem.processingCompletedEvent(upload()))
    expect(sandbox.runtime.logs('generic')).not.toMatch(/warning/i)
  })

  test('writes a dead letter with the key of the namespace', async () => {
    const trace = await sandbox.events.deliver({ id: 'broken', source: 's', specversion: '1.0' })
    expect(trace.state).toBe('done')
    expect(
      sandbox.state.requests.filter(({ method, status }) => method === 'PUT' && status === 200),
    ).toHaveLength(1)
  })
})
