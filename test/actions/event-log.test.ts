import { main as generic } from '../../actions/generic/index'
import type { JsonObject } from '../../sandbox/json'
import { type Exporter, startExporter } from '../support/exporter'
import { logLines } from '../support/log-lines'

let exporter: Exporter
beforeAll(async () => {
  exporter = await startExporter()
})
afterAll(() => exporter.close())

/** What was logged while an event was processed, as far as it is about the event. */
async function linesOf(work: () => Promise<unknown>): Promise<string[]> {
  const lines = logLines()
  await work()
  return (await lines()).filter((line) => line.includes('{'))
}

const inputs = { LOG_LEVEL: 'debug' }

/** An event may name its asset by id alone. */
const byIdOnly = { data: { repositoryMetadata: { 'repo:path': null } } }

function expectTold(lines: readonly string[], told: { event: unknown; assetId: string; path: string }): void {
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) {
    expect(line).toContain('"activation":"f00d"')
    expect(line).toContain(String(told.event))
    expect(line).toContain(told.assetId)
    expect(line).toContain(told.path)
  }
}

test('each line about an event of enrichment names the event, the asset, the path and the activation', async () => {
  const { aem, env, inputs: all } = exporter.sandbox
  const path = '/content/dam/shop/told.png'
  const asset = exporter.addAsset(path)
  const event = aem.processingCompletedEvent(asset)
  const invoke = (params: JsonObject): Promise<unknown> => {
    Object.assign(process.env, env(), {
      __OW_DEADLINE: String(Date.now() + 60_000),
      __OW_ACTIVATION_ID: 'f00d',
    })
    return generic({ ...all(), ...inputs, ...params })
  }
  expectTold(await linesOf(() => invoke(event)), { event: event.id, assetId: asset.id, path })

  aem.faults.add({ path: `/adobe/assets/${asset.id}`, times: 1, fault: { kind: 'status', status: 404 } })
  const lines = await linesOf(() => invoke(event))
  expect(lines.join('\n')).toContain('an event failed')
  expectTold(lines, { event: event.id, assetId: asset.id, path })
})

test('the same of an export, at a destination that fails, too', async () => {
  const { aem } = exporter.sandbox
  const path = '/content/dam/shop/told-export.png'
  const asset = exporter.addAsset(path)
  const event = aem.publicationEvent('published', asset)
  expectTold(await linesOf(() => exporter.invoke(event, { inputs })), {
    event: event.id,
    assetId: asset.id,
    path,
  })

  const other = aem.publicationEvent(
    'published',
    exporter.addAsset('/content/dam/shop/told-by-id.png'),
    byIdOnly,
  )
  const lines = await linesOf(() =>
    exporter.invoke(other, { inputs: { ...inputs, FOLDER_ROOT: '/proc/nowhere' } }),
  )
  const [failed = ''] = lines.filter((line) => line.includes('an export failed'))
  expect(failed).toContain('/content/dam/shop/told-by-id.png')
  expect(failed).toContain(String(other.id))
})
