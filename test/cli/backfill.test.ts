import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partsOfReport, writesIn } from '../../src/flows/plan/report-file'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let reports: string
const commands = createCommands(() => receiver.sandbox.operatorEnv())

beforeAll(async () => {
  receiver = await startReceiver()
  reports = await mkdtemp(join(tmpdir(), 'backfill-'))
})
afterAll(() => receiver.close())
beforeEach(() => {
  receiver.sandbox.aem.requests.length = 0
  receiver.sandbox.akeneo.requests.length = 0
})

let folders = 0
const newFolder = (): string => `/content/dam/backfill-${++folders}`

type Backfilled = {
  checked: number
  written: number
  unchanged: number
  skipped: Record<string, number>
  failed: number
  seconds: number
  done: boolean
}

/** Runs a backfill as an unattended operator does. */
async function backfill(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; data: Backfilled & Record<string, unknown>; stderr: string }> {
  const { code, stdout, stderr } = await commands(
    ['backfill', ...args, '--rate', '5000', '--json', '--yes'],
    { PIM_COMMUNICATOR: 'akeneo', ...env },
  )
  return { code, data: JSON.parse(stdout), stderr }
}

/** Assets whose names are those of products. */
function addAssets(folder: string, count: number, metadata: Record<string, string> = {}): string[] {
  const { aem, akeneo } = receiver.sandbox
  return Array.from({ length: count }, (_, index) => {
    const sku = `${folder.slice(folder.lastIndexOf('/') + 1)}-${index}`
    akeneo.catalogue.setProduct(sku, {
      values: { name: [{ locale: 'en_US', scope: null, data: `Lamp ${index}` }] },
    })
    return aem.addAsset({ path: `${folder}/${sku}.png`, assetMetadata: metadata }).id
  })
}

const stateKeys = (): string[] =>
  receiver.sandbox.state.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path)
const requests = (method: string): number =>
  receiver.sandbox.aem.requests.filter((request) => request.method === method).length
const pimCalls = (): number =>
  receiver.sandbox.akeneo.requests.filter(({ path }) => path.includes('/products')).length

it('brings a library in step, asks the PIM for a hundred products a call, and needs reads only the next time', async () => {
  const folder = newFolder()
  const { aem } = receiver.sandbox
  const ids = addAssets(folder, 240)
  aem.addAsset({ path: `${folder}/nobody-knows.png` })
  aem.edit(ids[0] ?? '', ({ repositoryMetadata }) => {
    repositoryMetadata['aem:checkedOutBy'] = 'ada@example.com'
  })

  const first = await backfill(['enrich', '--folder', folder])

  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.data).toEqual({
    checked: 241,
    written: 239,
    unchanged: 0,
    skipped: { 'no-product': 1, 'checked-out': 1 },
    failed: 0,
    seconds: expect.any(Number),
    done: true,
  })
  expect(aem.asset(ids[7] ?? '').assetMetadata).toMatchObject({ 'wknd-name': 'Lamp 7' })
  expect(pimCalls()).toBeLessThanOrEqual(Math.ceil(241 / 50))

  aem.requests.length = 0
  const second = await backfill(['enrich', '--folder', folder])

  expect(second.data).toMatchObject({ checked: 241, written: 0, unchanged: 239, done: true })
  expect(requests('PATCH')).toBe(0)
}, 60_000)

it('writes nothing in a dry run, and counts what it would write', async () => {
  const folder = newFolder()
  addAssets(folder, 12)

  const { code, data } = await backfill(['enrich', '--folder', folder, '--dry-run'])

  expect(code).toBe(0)
  expect(data).toMatchObject({ checked: 12, written: 12, done: true })
  expect(requests('PATCH')).toBe(0)
})

it('exports what is due and nothing else, in a dry run not even that', async () => {
  const folder = newFolder()
  const { aem, folder: target } = receiver.sandbox
  const published = { isPublishedToAemPublish: true, 'aem:published': '2029-01-01T00:00:00Z' }
  const [draft = '', shown = '', other = ''] = addAssets(folder, 3, { exportDestination: 'folder' })
  for (const id of [shown, other]) aem.edit(id, (asset) => Object.assign(asset.repositoryMetadata, published))
  aem.edit(other, ({ assetMetadata }) => {
    assetMetadata.exportDestination = ''
  })
  const fileOf = (id: string): string => join(target.root, aem.asset(id).path.slice('/content/dam/'.length))

  const dry = await backfill(['export', '--folder', folder, '--dry-run'])
  expect(dry.data).toMatchObject({ checked: 3, written: 1, failed: 0 })
  expect(existsSync(fileOf(shown))).toBe(false)

  const { code, data } = await backfill(['export', '--folder', folder])
  expect(code).toBe(0)
  expect(data).toMatchObject({ checked: 3, written: 1, skipped: { 'not-published': 1, 'not-named': 1 } })
  expect([draft, shown, other].map((id) => existsSync(fileOf(id)))).toEqual([false, true, false])

  expect((await backfill(['export', '--folder', folder])).data).toMatchObject({ written: 0, unchanged: 1 })
})

it('enriches and exports with both; an asset counts once', async () => {
  const folder = newFolder()
  const { aem } = receiver.sandbox
  const ids = addAssets(folder, 4, { exportDestination: 'folder' })
  aem.edit(ids[0] ?? '', ({ repositoryMetadata }) => {
    repositoryMetadata.isPublishedToAemPublish = true
  })

  const { data } = await backfill(['both', '--folder', folder])

  expect(data).toMatchObject({ checked: 4, written: 4, failed: 0, done: true })
  expect((await backfill(['both', '--folder', folder])).data).toMatchObject({ written: 0, unchanged: 4 })
})

it('goes on from its checkpoint when AEM was down, and with --restart from the beginning', async () => {
  const folder = newFolder()
  addAssets(folder, 450)
  const { aem } = receiver.sandbox
  const env = { LOG_LEVEL: 'error' }
  let writes = 0
  const report = join(reports, 'again.jsonl')
  aem.onBeforePatch = () => {
    writes += 1
    if (writes === 120)
      aem.faults.add({ path: '/bin/querybuilder.json', times: 50, fault: { kind: 'status', status: 403 } })
  }

  const first = await backfill(['enrich', '--folder', folder, '--report', report], env)
  aem.onBeforePatch = undefined
  aem.faults.clear()

  expect(first.code).toBe(1)
  expect(first.data).toMatchObject({ done: false, error: { code: expect.stringMatching(/^AEM_/) } })
  const status = await commands(['backfill', 'status', '--json'])
  expect(JSON.parse(status.stdout)).toMatchObject([{ kind: 'enrich', folder, state: 'interrupted' }])

  const second = await backfill(['enrich', '--folder', folder, '--report', report], env)

  expect(second).toMatchObject({ code: 0, data: { checked: 450, written: 450, unchanged: 0, done: true } })
  expect(JSON.parse((await commands(['backfill', 'status', '--json'])).stdout)).toEqual([])
  const told = (await Promise.all((await partsOfReport(report)).map((part) => writesIn(report, part)))).flat()
  expect(new Set(told.map(({ asset }) => asset.id)).size).toBe(450)
})

it('counts a failure without a record, tells it in the report, and ends with exit code 1', async () => {
  const folder = newFolder()
  const ids = addAssets(folder, 3)
  const { aem, state } = receiver.sandbox
  const path = `/adobe/assets/${ids[1]}/metadata`
  aem.faults.add({ method: 'PATCH', path, times: 50, fault: { kind: 'status', status: 400 } })
  state.requests.length = 0
  const report = join(reports, 'failed.csv')

  const { code, data } = await backfill(['enrich', '--folder', folder, '--report', report])
  aem.faults.clear()

  expect(code).toBe(1)
  expect(data).toMatchObject({ checked: 3, written: 2, failed: 1, done: true, report })
  expect(new Set(stateKeys()).size).toBe(2)
  expect(await receiver.deadLetters()).toEqual([])
  const rows = (await readFile(report, 'utf8')).split('\r\n')
  expect(rows[0]).toBe('path,id,outcome,property,old,new,rule,destination,key,reason')
  expect(rows.filter((row) => row.includes(`,${ids[1]},failed,`))).toHaveLength(1)
  expect(rows.filter((row) => row.includes(',written,wknd-name,'))).toHaveLength(2)
})

it('keeps what failed for now, and does that again', async () => {
  const folder = newFolder()
  const ids = addAssets(folder, 3)
  const { aem } = receiver.sandbox
  const path = `/adobe/assets/${ids[1]}/metadata`
  aem.faults.add({ method: 'PATCH', path, times: 50, fault: { kind: 'status', status: 403 } })

  const first = await backfill(['enrich', '--folder', folder])
  aem.faults.clear()
  expect(first).toMatchObject({ code: 1, data: { checked: 3, written: 2, failed: 1, done: false } })
  aem.requests.length = 0

  const second = await backfill(['enrich', '--folder', folder])
  expect(second).toMatchObject({ code: 0, data: { checked: 3, written: 3, failed: 0, done: true } })
  expect(requests('PATCH')).toBe(1)
  expect(aem.requests.some(({ path: asked }) => asked.startsWith('/bin/querybuilder'))).toBe(false)
})

it.each([
  ['notes.jsonl', 'buy milk'],
  ['numbers.csv', 'a,b\r\n1,2\r\n'],
  ['short.csv', 'a'],
  [
    'export.jsonl',
    '{"report":1,"kind":"apply-export","host":"127.0.0.1:1","created":"2030-01-02T03:04:05.000Z","rules":"x"}\n',
  ],
])('does not go on in %s, which is not its report, and leaves it as it is', async (name, content) => {
  const folder = newFolder()
  const [id] = addAssets(folder, 1)
  const { aem } = receiver.sandbox
  const path = `/adobe/assets/${id}/metadata`
  aem.faults.add({ method: 'PATCH', path, times: 50, fault: { kind: 'status', status: 403 } })
  const first = await backfill(['enrich', '--folder', folder])
  aem.faults.clear()
  expect(first.data).toMatchObject({ done: false })
  const file = join(reports, name)
  await writeFile(file, content)

  const second = await backfill(['enrich', '--folder', folder, '--report', file])

  expect(second).toMatchObject({ code: 1, data: { error: { message: expect.stringContaining(name) } } })
  expect(await readFile(file, 'utf8')).toBe(content)
  expect(await backfill(['enrich', '--folder', folder])).toMatchObject({ code: 0, data: { written: 1 } })
})

it('is refused at an author that is not in AEM_AUTHOR_URLS, named by an option or by what was begun', async () => {
  const folder = newFolder()
  const [id] = addAssets(folder, 1)
  const { aem } = receiver.sandbox
  const path = `/adobe/assets/${id}/metadata`
  aem.faults.add({ method: 'PATCH', path, times: 50, fault: { kind: 'status', status: 403 } })
  await backfill(['enrich', '--folder', folder])
  aem.faults.clear()
  aem.requests.length = 0

  const named = await backfill(['enrich', '--folder', folder, '--host', 'other.example'])
  const begun = await backfill(['resume'], { AEM_AUTHOR_URLS: 'https://author-p1-e2.adobeaemcloud.com' })

  const code = 'HOST_NOT_ALLOWED'
  expect(named.data).toMatchObject({ error: { code, message: expect.stringMatching(/^--host names/) } })
  expect(begun.data).toMatchObject({ error: { code, message: expect.stringMatching(/^the backfill names/) } })
  expect(aem.requests).toEqual([])
  expect(await backfill(['enrich', '--folder', folder])).toMatchObject({ code: 0, data: { written: 1 } })
})
