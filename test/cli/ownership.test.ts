import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../sandbox/json'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

jest.mock('../../sample-config/enrichment', () => {
  const { default: usual } = jest.requireActual('../../sample-config/enrichment')
  const mapping = [
    { property: 'wknd-color', attribute: 'color', owner: 'edited' },
    { property: 'dc:title', attribute: 'name', owner: 'once' },
    { property: 'wknd-camera', attribute: 'camera', owner: 'aem' },
  ]
  return { __esModule: true, default: { ...usual, mapping, skip: [{ path: '/content/dam/raw' }] } }
})

let receiver: Receiver
let folder: string
let count = 0
beforeAll(async () => {
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'ownership-'))
})
afterAll(async () => {
  await receiver.close()
  await rm(folder, { recursive: true })
})

const commands = createCommands(() => ({
  ...receiver.sandbox.operatorEnv(),
  PIM_COMMUNICATOR: 'rest',
  PIM_REST_URL: `${receiver.sandbox.pim.url}/products/{identifier}`,
  PIM_REST_PRODUCT: '/data/product',
  PIM_REST_IDENTIFIER: '/sku',
  PIM_REST_HEADERS: `X-Api-Key: ${receiver.sandbox.pim.apiKey}`,
}))

const product = { color: 'red', name: 'Lamp', camera: 'X1' }
const inStep: JsonObject = { 'wknd-color': 'red', 'dc:title': 'Lamp', 'wknd-camera': 'Y2' }

/** A folder of its own with an asset for each of these metadata. */
function library(all: readonly JsonObject[], root = '/content/dam') {
  const dam = `${root}/own-${++count}`
  const assets = all.map((metadata, index) => {
    const sku = `OWN-${count}-${index}`
    receiver.sandbox.pim.setProduct(sku, product)
    const path = `${dam}/${sku}.png`
    const { id } = receiver.sandbox.aem.addAsset({ path, assetMetadata: { 'wknd-skuid': sku, ...metadata } })
    return { id, sku, path }
  })
  return { dam, assets }
}

const metadataOf = (asset: { id: string } | undefined): JsonObject =>
  receiver.sandbox.aem.asset(asset?.id ?? '').assetMetadata
function hold(asset: { id: string } | undefined, values: JsonObject): void {
  receiver.sandbox.aem.edit(asset?.id ?? '', ({ assetMetadata }) => Object.assign(assetMetadata, values))
}

async function run(...args: string[]) {
  const { code, stdout } = await commands([...args, '--json', '--yes'])
  return { code, said: JSON.parse(stdout) }
}
const backfill = (dam: string, ...args: string[]) =>
  run('backfill', 'enrich', '--folder', dam, '--rate', '5000', ...args)
const asText = async (...args: string[]) => (await commands(args)).stdout.split('\n')

test('a backfill seeds the records of assets in step, and writes no value; edits then stay, and all tell why', async () => {
  const { dam, assets } = library([inStep, { ...inStep, 'dc:title': 'My lamp' }, { 'wknd-color': 'blue' }])
  const [first, second, third] = assets
  const report = join(folder, 'records.jsonl')

  const seeded = await backfill(dam, '--record', '--report', report)
  expect(seeded.said).toMatchObject({
    checked: 3,
    written: 2,
    skipped: { 'not-in-step': 1 },
    failed: 0,
    done: true,
  })
  const recorded = [expect.stringMatching(/^wknd-color=1:/)]
  for (const one of [first, second])
    expect(metadataOf(one)).toMatchObject({ 'wknd-color': 'red', 'wknd-written': recorded })
  expect(metadataOf(third)).toEqual({ 'wknd-skuid': third?.sku, 'wknd-color': 'blue' })
  expect((await backfill(dam, '--record')).said).toMatchObject({ written: 0, unchanged: 2 })

  hold(first, { 'wknd-color': 'green' })
  expect((await backfill(dam)).said).toMatchObject({ written: 1, unchanged: 2 })
  expect(metadataOf(first)).toMatchObject({ 'wknd-color': 'green' })
  expect(metadataOf(third)).toMatchObject({
    'wknd-color': 'red',
    'dc:title': 'Lamp',
    'wknd-written': recorded,
  })
  expect(metadataOf(third)).not.toHaveProperty('wknd-camera')

  const { said, code } = await run('asset', first?.path ?? '')
  expect(code).toBe(0)
  expect(said).toMatchObject({ inStep: true })
  expect(said.changes).toEqual([
    {
      property: 'wknd-color',
      rule: 'attribute color',
      old: 'green',
      new: 'green',
      action: 'keep',
      owner: 'edited',
      recorded: true,
      pim: 'red',
      why: expect.stringContaining('a person changed it'),
    },
    {
      property: 'dc:title',
      rule: 'attribute name',
      old: 'Lamp',
      new: 'Lamp',
      action: 'keep',
      owner: 'once',
      why: 'AEM holds this value already',
    },
    {
      property: 'wknd-skuid',
      rule: 'link property',
      old: first?.sku,
      new: first?.sku,
      action: 'keep',
      why: 'AEM holds this value already',
    },
    {
      property: 'wknd-camera',
      rule: 'attribute camera',
      old: 'Y2',
      new: 'Y2',
      action: 'keep',
      owner: 'aem',
      why: expect.stringContaining('the PIM would be told it as camera'),
    },
  ])
  expect(await asText('asset', first?.path ?? '')).toContain(
    'keep  wknd-color  "green"  (attribute color; owner edited, recorded; a person changed it in AEM since it was written: AEM keeps its value; the PIM has "red")',
  )

  // What was seeded can be taken back.
  expect((await run('undo', report, '--force')).said).toMatchObject({ undone: 2, refused: 0 })
  expect(metadataOf(first)).not.toHaveProperty('wknd-written')
})

test('a plan shows the record and what AEM keeps; applied and undone, nothing is taken for an edit', async () => {
  const { dam, assets } = library([
    { ...inStep, 'wknd-color': 'blue' },
    { ...inStep, 'dc:title': 'My lamp' },
  ])
  const [first] = assets
  const plan = join(folder, 'plan.jsonl')
  const made = await run('plan', 'enrich', '--folder', dam, '--out', plan)
  expect(made.said).toMatchObject({ planned: 1, unchanged: 1, kept: { 'dc:title': 1 } })
  expect(made.said.changes.map(({ name, rule }: { name: string; rule: string }) => [name, rule])).toEqual([
    ['wknd-color', 'attribute color'],
    ['wknd-written', 'record of what was written'],
  ])
  expect(await asText('plan', 'enrich', '--folder', dam, '--out', plan)).toContain(
    'kept  dc:title  1  (AEM keeps its value)',
  )

  hold(first, { 'wknd-sync': 'off' })
  expect((await run('apply', plan)).said).toMatchObject({ written: 0, refused: 1 })
  hold(first, { 'wknd-sync': 'on' })
  expect((await run('apply', plan)).said).toMatchObject({ written: 1, refused: 0 })
  expect(metadataOf(first)).toMatchObject({ 'wknd-color': 'red', 'wknd-written': [expect.any(String)] })
  expect((await backfill(dam)).said).toMatchObject({ written: 0, unchanged: 2 })

  await run('undo', `${plan}.report.jsonl`, '--force')
  expect(metadataOf(first)).toMatchObject({ 'wknd-color': 'blue' })
  expect(metadataOf(first)).not.toHaveProperty('wknd-written')
  expect((await backfill(dam)).said).toMatchObject({ written: 1 })
})

test('AEM may refuse the record that a plan has: the values are written, and undone', async () => {
  receiver.sandbox.aem.settings.readOnly = ['wknd-written']
  const { dam, assets } = library([{ ...inStep, 'wknd-color': 'blue' }])
  const plan = join(folder, 'refused.jsonl')
  await run('plan', 'enrich', '--folder', dam, '--out', plan)
  expect((await run('apply', plan)).said).toMatchObject({ written: 1, failed: 0 })
  expect(metadataOf(assets[0])).toMatchObject({ 'wknd-color': 'red' })
  expect((await run('undo', `${plan}.report.jsonl`, '--force')).said).toMatchObject({ refused: 0, failed: 0 })
  expect(metadataOf(assets[0])).toMatchObject({ 'wknd-color': 'blue' })
  receiver.sandbox.aem.settings.readOnly = []
})

test('what is switched off, or left out by a rule, is written by nothing and told by all', async () => {
  const { dam, assets } = library([{ 'wknd-sync': 'off' }])
  const raw = library([{}], '/content/dam/raw')
  for (const [one, path, kind, text] of [
    [dam, assets[0]?.path, 'switched-off', 'switched off by wknd-sync on the asset'],
    [raw.dam, raw.assets[0]?.path, 'left-out-by-rule', 'left out by skip in config/enrichment.ts'],
  ] as const) {
    expect((await backfill(one)).said).toMatchObject({ written: 0, skipped: { [kind]: 1 } })
    const planned = await run('plan', 'enrich', '--folder', one, '--out', join(folder, `${kind}.jsonl`))
    expect(planned.said).toMatchObject({ planned: 0, skipped: { [kind]: 1 } })
    expect((await run('asset', path ?? '')).said).toMatchObject({
      inStep: false,
      skipped: expect.stringContaining(text),
    })
  }
  for (const asset of [...assets, ...raw.assets]) expect(metadataOf(asset)).not.toHaveProperty('wknd-color')
})

test('--record is of enrich alone', async () => {
  const { code, stderr } = await commands(['backfill', 'export', '--record', '--yes'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('--record goes with backfill enrich')])
})
