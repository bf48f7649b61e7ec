import { builtActions } from '../../sandbox/deployment'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { sampleRoot } from '../../scripts/command'
import { until } from '../support/raw-server'

const mebibyte = 1024 * 1024
/** More than export-asset takes upon itself. */
const large = 193 * mebibyte
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({ actions: builtActions(sampleRoot), receiver: 'export-asset' })
})
afterEach(() => sandbox.close())

const publish = (name: string, size = 100_000) =>
  sandbox.aem.addAsset({
    path: `/content/dam/shop/${name}`,
    assetMetadata: { exportDestination: 'folder', exportImmediately: 'yes' },
    content: { size, seed: name },
  })
const deliver = (asset: ReturnType<typeof publish>) =>
  sandbox.events.deliver(sandbox.aem.publicationEvent('published', asset))
/** Name and SHA-1 of what is in the folder. */
const arrived = async () => (await sandbox.folder.files()).map(({ key, sha1 }) => [key, sha1])
const expected = (assets: readonly ReturnType<typeof publish>[]) =>
  assets
    .map(({ path, repositoryMetadata }) => [
      path.slice('/content/dam/'.length),
      repositoryMetadata['dam:sha1'],
    ])
    .sort()

describe('the built export actions in containers of their own', () => {
  test('take 12 events at once through three containers, and every file arrives whole', async () => {
    const assets = Array.from({ length: 12 }, (_, index) => publish(`${index}.jpg`, 3 * mebibyte + index))

    const traces = await Promise.all(assets.map(deliver))

    expect(traces.map(({ state }) => state)).toEqual(assets.map(() => 'done'))
    expect(await arrived()).toEqual(expected(assets))
    expect(sandbox.runtime.coldStarts('export-asset')).toBe(3)
    expect(sandbox.state.requests).toEqual([])
  })

  test('hand a large file over, once the record is written; the worker removes it', async () => {
    const asset = publish('film.mp4', large)

    const trace = await deliver(asset)

    expect(trace.state).toBe('done')
    const [started] = sandbox.runtime.api.requests
    const { pending } = JSON.parse(started?.body ?? '{}')
    const record = `pending.${pending[0]}`
    expect(
      sandbox.state.requests.slice(0, 2).map(({ method, path }) => [method, path.split('/').pop()]),
    ).toEqual([
      ['GET', record],
      ['PUT', record],
    ])
    expect(Object.keys(JSON.parse(started?.body ?? '{}'))).toEqual(['pending'])
    await sandbox.runtime.idle()
    expect(await arrived()).toEqual(expected([asset]))
    expect(sandbox.state.keys()).toEqual([])
  })

  test.each([
    ['the platform has no room', { kind: 'status', status: 429 }],
    ['its answer gets lost', { kind: 'resetAfter' }],
  ] as const)('ask for the event again while the worker cannot be started: %s', async (_, fault) => {
    const asset = publish('film.mp4', large)
    sandbox.runtime.api.faults.add({ fault })

    const trace = await deliver(asset)

    expect([trace.state, trace.attempts[0]?.status]).toEqual(['waiting', 503])
    await sandbox.runtime.idle()
    sandbox.runtime.api.faults.clear()
    sandbox.clock.advance(61_000)
    await sandbox.events.retryDue()
    await sandbox.runtime.idle()
    expect(trace.state).toBe('done')
    expect(await arrived()).toEqual(expected([asset]))
    expect(sandbox.state.keys()).toEqual([])
  })

  test('a worker that is killed leaves its record, and nothing that a reader could take for the file', async () => {
    const asset = publish('film.mp4', large)
    sandbox.aem.blobs.faults.add({ fault: { kind: 'stall', afterBytes: 5 * mebibyte } })
    await deliver(asset)
    const sent = () => sandbox.aem.blobs.requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    await until(() => sent() >= 5 * mebibyte, 'the worker reads', 30_000)

    await sandbox.runtime.kill('export-worker')
    await sandbox.runtime.idle()

    expect(sandbox.runtime.activations('export-worker')[0]?.response.success).toBe(false)
    expect(sandbox.state.keys()).toEqual([expect.stringMatching(/^pending\.[0-9a-f]{32}$/)])
    expect(await arrived()).toEqual([])
    sandbox.aem.blobs.faults.clear()
    await deliver(asset)
    await sandbox.runtime.idle()
    expect(await arrived()).toEqual(expected([asset]))
  })

  test('write neither a token, a signed URL nor a key to their logs', async () => {
    sandbox.aem.blobs.faults.add({ times: 2, fault: { kind: 'cut' } })
    await deliver(publish('a.jpg', mebibyte))
    sandbox.aem.blobs.faults.add({ fault: { kind: 'status', status: 403 } })
    await deliver(publish('b.jpg', mebibyte))
    sandbox.runtime.api.faults.add({ fault: { kind: 'status', status: 500 } })
    await deliver(publish('film.mp4', large))

    const log = ['export-asset', 'export-worker'].map((name) => sandbox.runtime.logs(name)).join('')
    expect(log).toContain('an export failed')
    const secrets = [/[?&]sig=(?!\[|\*|%5B)/, /eyJ/, /runtime-secret/, /p8e-/, /Bearer (?!\[|\*)/]
    expect(secrets.filter((secret) => secret.test(log))).toEqual([])
    const kept = sandbox.state.keys().map((key) => sandbox.state.value(key))
    expect(secrets.filter((secret) => kept.some((value) => secret.test(value ?? '')))).toEqual([])
  })
})
