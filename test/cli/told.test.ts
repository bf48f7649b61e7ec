import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../sandbox/json'
import { systemClock } from '../../src/core/clock'
import { countPutBacks } from '../../src/flows/enrich/fights'
import { createCommands, environmentOf } from '../support/commands'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

jest.mock('../../sample-config/enrichment', () => {
  const { default: usual } = jest.requireActual('../../sample-config/enrichment')
  const mapping = [
    { property: 'dc:title', attribute: 'name' },
    { property: 'wknd-camera', attribute: 'camera', owner: 'aem' },
  ]
  return { __esModule: true, default: { ...usual, mapping } }
})

const pim = { PIM_COMMUNICATOR: 'akeneo', AKENEO_LOCALES: 'en_US', AKENEO_CHANNEL: 'ecommerce' }
let receiver: Receiver
let folder: string
let count = 0
beforeAll(async () => {
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'told-'))
  receiver.sandbox.akeneo.catalogue.setAttribute({
    code: 'camera',
    type: 'pim_catalog_text',
    maxCharacters: 10,
  })
})
afterAll(async () => {
  await receiver.close()
  await rm(folder, { recursive: true })
})

const operatorEnv = () => ({ ...receiver.sandbox.operatorEnv(), ...pim })
const commands = createCommands(operatorEnv)
const json = async (...args: string[]) => JSON.parse((await commands([...args, '--json', '--yes'])).stdout)
const text = async (...args: string[]) => (await commands([...args, '--yes'])).stdout.split('\n')
const rowsOf = async (path: string) => (await readFile(path, 'utf8')).trim().split('\n').slice(1)
const linesOf = async (path: string) => (await rowsOf(path)).map((line) => JSON.parse(line))

const value = (data: string) => [{ locale: null, scope: null, data }]
const heldBy = (sku: string) => receiver.sandbox.akeneo.catalogue.bySku(sku)?.values.camera?.[0]?.data
const productCalls = (method: string) =>
  receiver.sandbox.akeneo.requests.filter((one) => one.method === method && one.path.includes('/products'))
    .length

/** Products whose camera is X1, and assets that name them. */
function library(assets: readonly (readonly [product: number, metadata: JsonObject])[]) {
  const dam = `/content/dam/told-${++count}`
  const skus = [...new Set(assets.map(([product]) => `told-${count}-${product}`))]
  for (const sku of skus)
    receiver.sandbox.akeneo.catalogue.setProduct(sku, { values: { camera: value('X1') } })
  const added = assets.map(([product, metadata], index) => {
    const sku = `told-${count}-${product}`
    const asset = receiver.sandbox.aem.addAsset({
      path: `${dam}/${index}.png`,
      assetMetadata: { 'wknd-skuid': sku, ...metadata },
    })
    return { ...asset, sku }
  })
  return { dam, skus, assets: added }
}

/** The first product is told by one of two assets, the second one is in step, the third one's metadata are not. */
function several() {
  const made = library([
    [1, { 'wknd-camera': 'Y2' }],
    [1, { 'wknd-camera': 'Z3' }],
    [2, { 'wknd-camera': 'X1' }],
    [3, { 'wknd-camera': 'Y2', 'dc:title': 'old' }],
  ])
  const third = made.skus[2] ?? ''
  receiver.sandbox.akeneo.catalogue.setProduct(third, {
    values: { camera: value('X1'), name: [{ locale: 'en_US', scope: null, data: 'Lamp' }] },
  })
  const [one, other] = made.assets
  const isFirst = (one?.id ?? '') < (other?.id ?? '')
  const [speaker, silent] = isFirst ? [one, other] : [other, one]
  return { ...made, third, speaker, silent }
}

const fact = (sku: string, more: JsonObject) => ({
  product: sku,
  attribute: 'camera',
  from: 'property wknd-camera',
  old: 'X1',
  why: expect.any(String),
  ...more,
})

test('a plan lists what the PIM would be told, and by whom; apply writes the metadata and leaves the PIM alone', async () => {
  const { dam, skus, third, assets, speaker, silent } = several()
  const [first = ''] = skus
  const plan = join(folder, 'plan.jsonl')
  const [reads, writes] = [productCalls('GET'), productCalls('PATCH')]
  const said = await json('plan', 'enrich', '--folder', dam, '--out', plan)

  const counts = { attribute: 'camera', from: 'property wknd-camera' }
  expect(said).toMatchObject({
    ...{ checked: 4, planned: 1, unchanged: 3, failed: 0 },
    pim: [
      { ...counts, action: 'tell', count: 2, example: { path: expect.any(String), old: 'X1' } },
      { ...counts, action: 'keep', count: 1, example: { path: silent?.path, speaker: speaker?.path } },
    ],
  })
  const entries = new Map((await linesOf(plan)).map((entry) => [entry.asset.path, entry]))
  expect([...entries.keys()].sort()).toEqual([0, 1, 3].map((index) => `${dam}/${index}.png`))
  const spoken = speaker === assets[0] ? ['Y2', 'Z3'] : ['Z3', 'Y2']
  expect(entries.get(speaker?.path)).toMatchObject({
    changes: [],
    pim: [fact(first, { action: 'tell', new: spoken[0] ?? '' })],
  })
  expect(entries.get(silent?.path)).toMatchObject({
    changes: [],
    pim: [fact(first, { action: 'keep', new: spoken[1] ?? '', speaker: speaker?.path ?? '' })],
  })
  expect(entries.get(assets[3]?.path)).toMatchObject({
    changes: [{ property: 'dc:title', old: 'old', new: 'Lamp' }],
    pim: [fact(third, { action: 'tell', new: 'Y2' })],
  })
  // All products of the page at once.
  expect([productCalls('GET') - reads, productCalls('PATCH') - writes]).toEqual([1, 0])

  const shown = await text('plan', 'enrich', '--folder', dam, '--out', plan)
  expect(shown).toContain(
    `    PIM keep  camera  1  (property wknd-camera)  such as ${silent?.path}: ${first} camera  "X1"  (property wknd-camera; ${speaker?.path} speaks for the product)`,
  )
  expect(shown.join('\n')).toContain('apply leaves the PIM alone')

  expect(await json('apply', plan)).toMatchObject({ checked: 1, written: 1, refused: 0, untold: 2 })
  expect(receiver.sandbox.aem.asset(assets[3]?.id ?? '').assetMetadata).toMatchObject({ 'dc:title': 'Lamp' })
  expect(await text('apply', plan)).toContain(
    'not told to the PIM  2  (apply leaves the PIM alone: the next event of an asset tells it, or npx bridge backfill enrich)',
  )
  expect([productCalls('PATCH') - writes, heldBy(first), heldBy(third)]).toEqual([0, 'X1', 'X1'])
})

test('a dry run of a backfill tells the same, in its result and in its reports, and writes nothing', async () => {
  const { dam, skus, third, assets, speaker, silent } = several()
  const [first = ''] = skus
  const dry = ['backfill', 'enrich', '--folder', dam, '--rate', '5000', '--dry-run']
  const writes = productCalls('PATCH')
  const [report, table] = [join(folder, 'dry.jsonl'), join(folder, 'dry.csv')]

  expect(await json(...dry, '--report', report)).toMatchObject({
    ...{ checked: 4, written: 1, unchanged: 3 },
    pim: { tell: 2, keep: 1 },
  })
  const told = (await linesOf(report)).filter(({ facts }) => facts !== undefined)
  expect(told).toHaveLength(3)
  expect(told).toContainEqual({
    asset: { id: speaker?.id, path: speaker?.path },
    outcome: 'would-tell',
    facts: [fact(first, { action: 'tell', new: expect.any(String) })],
  })
  expect(told).toContainEqual({
    asset: { id: silent?.id, path: silent?.path },
    outcome: 'would-keep',
    facts: [fact(first, { action: 'keep', new: expect.any(String), speaker: speaker?.path ?? '' })],
  })

  expect(await text(...dry, '--report', table)).toEqual(
    expect.arrayContaining([
      '    PIM tell  2',
      '    PIM keep  1  (another asset speaks, or none has the role)',
    ]),
  )
  const rows = (await rowsOf(table)).map((row) => row.trim())
  const { path, id } = assets[3] ?? {}
  expect(rows).toContain(
    `${path},${id},would-tell,camera,X1,Y2,property wknd-camera,PIM,${third},"the PIM has another value, or none"`,
  )
  expect(rows).toContainEqual(
    expect.stringContaining(`,PIM,${first},${speaker?.path} speaks for the product`),
  )
  expect([productCalls('PATCH') - writes, heldBy(first)]).toEqual([0, 'X1'])

  // And what it told beforehand is what a real run does.
  const real = await json('backfill', 'enrich', '--folder', dam, '--rate', '5000')
  expect(real).toMatchObject({ checked: 4, written: 1, done: true })
  expect(real).not.toHaveProperty('pim')
  const spoken = speaker === assets[0] ? 'Y2' : 'Z3'
  expect([heldBy(first), heldBy(third)]).toEqual([spoken, 'Y2'])
})

test('a value that the PIM refuses is a dead letter of the asset, which the list and the asset show', async () => {
  const { assets } = library([[1, { 'wknd-camera': 'longer than ten' }]])
  const [asset] = assets
  const event = receiver.sandbox.aem.processingCompletedEvent({ id: asset?.id ?? '' })
  const inputs = Object.fromEntries(
    Object.entries(operatorEnv()).filter(([name]) => /^(AKENEO|PIM)_/.test(name)),
  )
  const body = bodyOf(await receiver.invoke(event, { inputs }))

  const letter = { id: body.deadLetter, code: 'AKENEO_VALUE_REFUSED', action: 'generic', path: asset?.path }
  const listed = await json('dead-letters', 'list')
  expect(listed).toContainEqual(expect.objectContaining(letter))
  const [found] = listed.filter(({ id }: { id: string }) => id === letter.id)
  expect(found.message).toContain(`the PIM refused what it was told: camera of ${asset?.sku}`)
  const shown = (await text('dead-letters', 'list')).join('\n')
  expect(shown).toContain('AKENEO_VALUE_REFUSED')
  expect(shown).toContain(asset?.path)
  expect((await json('asset', asset?.path ?? '')).deadLetters).toMatchObject([letter])
})

test('an asset tells which of its values another system puts back, and until when events leave them alone', async () => {
  const { assets } = library([[1, { 'wknd-camera': 'Y2', 'dc:title': 'old' }]])
  const [asset] = assets
  const path = asset?.path ?? ''
  const sku = asset?.sku ?? ''
  receiver.sandbox.akeneo.catalogue.setProduct(sku, {
    values: { camera: value('X1'), name: [{ locale: 'en_US', scope: null, data: 'Lamp' }] },
  })
  const { changes, told } = await json('asset', path)
  expect(JSON.stringify([changes, told])).not.toContain('leftAloneUntil')

  const { store } = environmentOf(operatorEnv())
  const parts = { store, clock: systemClock, signal: new AbortController().signal }
  for (let time = 1; time <= 3; time++) {
    await countPutBacks(
      { id: asset?.id ?? '' },
      [{ op: 'replace', property: 'dc:title', value: 'Lamp' }],
      parts,
    )
    await countPutBacks({ id: `PIM ${sku}` }, [{ op: 'replace', property: 'camera', value: 'Y2' }], parts)
  }
  const leftAloneUntil = expect.stringMatching(/^\d{4}-.*Z$/)
  const said = await json('asset', path)
  expect(said.changes).toContainEqual(
    expect.objectContaining({ property: 'dc:title', action: 'write', leftAloneUntil }),
  )
  expect(said.told).toMatchObject([{ attribute: 'camera', action: 'tell', leftAloneUntil }])
  // A dry run does without State.
  const noState = { AIO_runtime_namespace: undefined, AIO_runtime_auth: undefined }
  const without = await commands(['enrich', path, '--dry-run', '--json'], noState)
  expect(JSON.parse(without.stdout)).toMatchObject([{ ok: true, outcome: 'would-update' }])
  expect(without.stdout).not.toContain('leftAloneUntil')
  const lines = await text('enrich', path, '--dry-run')
  for (const begin of ['write  dc:title', 'PIM tell  '])
    expect(lines.find((line) => line.trim().startsWith(begin))).toMatch(
      /; another system puts it back: an event of that leaves it alone until \d{4}-.*\)$/,
    )
})
