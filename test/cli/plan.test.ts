import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AssetView } from '../../sandbox/aem/author'
import type { JsonObject } from '../../sandbox/json'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

// The mapping of the checkout, which an operator changes between plan, apply and undo.
const mockRules: { mapping: object[] } = { mapping: [] }
jest.mock('../../sample-config/enrichment', () => {
  const { default: usual } = jest.requireActual('../../sample-config/enrichment')
  return {
    __esModule: true,
    default: {
      ...usual,
      get mapping() {
        return mockRules.mapping
      },
    },
  }
})

const title = { property: 'dc:title', attribute: 'name' }
const oldMapping = [title]
const wrongMapping = [
  { property: 'dc:title', attribute: 'description' },
  { property: 'wknd-stock', attribute: 'stock', type: 'integer' },
  { property: 'wknd-tags', attribute: 'tags', multiple: true },
  { property: 'wknd-old', attribute: 'none', whenMissing: 'remove' },
]

let receiver: Receiver
let folder: string
let count = 0

beforeAll(async () => {
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'plan-'))
})
afterAll(async () => {
  await receiver.close()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  mockRules.mapping = oldMapping
})

const commands = createCommands(() => ({ ...receiver.sandbox.operatorEnv(), ...restPim() }))

const restPim = (): Record<string, string> => ({
  PIM_COMMUNICATOR: 'rest',
  PIM_REST_URL: `${receiver.sandbox.pim.url}/products/{identifier}`,
  PIM_REST_PRODUCT: '/data/product',
  PIM_REST_IDENTIFIER: '/sku',
  PIM_REST_HEADERS: `X-Api-Key: ${receiver.sandbox.pim.apiKey}`,
})

const product = { name: 'Lamp', description: 'A lamp: "warm"', stock: 7, tags: ['one'] }

/** A folder of its own, with assets in step with the old mapping. */
function library(size: number, about: (index: number) => JsonObject = () => ({})) {
  const dam = `/content/dam/plan-${++count}`
  const assets = Array.from({ length: size }, (_, index): AssetView => {
    const sku = `SKU-${count}-${index}`
    receiver.sandbox.pim.setProduct(sku, product)
    return receiver.sandbox.aem.addAsset({
      path: `${dam}/${sku}.png`,
      content: { size: 100, seed: sku },
      assetMetadata: {
        'wknd-skuid': sku,
        'dc:title': 'Lamp',
        'wknd-old': ['a', 'b'],
        'wknd-tags': '',
        exportDestination: 'folder',
        ...about(index),
      },
      repositoryMetadata: { isPublishedToAemPublish: true, 'aem:published': '2030-01-01T00:00:00Z' },
    })
  })
  return { dam, assets, plan: join(folder, `plan-${count}.jsonl`) }
}

const metadataOf = ({ id }: { id: string }): JsonObject => receiver.sandbox.aem.asset(id).assetMetadata

async function run(...args: string[]) {
  const { code, stdout, stderr } = await commands([...args, '--json', '--yes'])
  expect(stderr).toBe('')
  return { code, said: JSON.parse(stdout) }
}

const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

async function planned(size = 3, about?: (index: number) => JsonObject) {
  const made = library(size, about)
  mockRules.mapping = wrongMapping
  const { code } = await run('plan', 'enrich', '--folder', made.dam, '--out', made.plan)
  expect(code).toBe(0)
  return { ...made, report: `${made.plan}.report.jsonl` }
}

describe('bridge plan enrich', () => {
  test('writes what would change, property by property, and nothing to AEM', async () => {
    const { dam, assets, plan } = library(3)
    mockRules.mapping = wrongMapping
    const { code, said } = await run('plan', 'enrich', '--folder', dam, '--out', plan)

    expect(code).toBe(0)
    expect(said).toMatchObject({ plan, checked: 3, planned: 3, unchanged: 0, skipped: {}, failed: 0 })
    const [head, ...entries] = await linesOf(plan)
    expect(head).toEqual({
      plan: 1,
      kind: 'enrich',
      host: new URL(receiver.sandbox.aem.url).host,
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      rules: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    const [asset] = assets
    expect(entries).toHaveLength(3)
    expect(entries.find(({ asset: { id } }) => id === asset?.id)).toEqual({
      asset: { id: asset?.id, path: asset?.path, etag: asset?.etag },
      changes: [
        { property: 'dc:title', old: 'Lamp', new: 'A lamp: "warm"', rule: 'attribute description' },
        { property: 'wknd-stock', old: null, new: 7, rule: 'attribute stock' },
        { property: 'wknd-tags', old: '', new: ['one'], rule: 'attribute tags' },
        { property: 'wknd-old', old: ['a', 'b'], new: null, rule: 'attribute none' },
      ],
    })
    for (const { id, etag } of assets) expect(receiver.sandbox.aem.asset(id).etag).toBe(etag)
  })

  test('counts what is in step, and what is skipped by the kind of reason', async () => {
    const { dam, assets, plan } = library(4)
    receiver.sandbox.aem.edit(assets[0]?.id ?? '', ({ repositoryMetadata }) => {
      repositoryMetadata['aem:checkedOutBy'] = 'ada@example.com'
    })
    receiver.sandbox.aem.edit(assets[1]?.id ?? '', ({ assetMetadata }) => {
      assetMetadata['wknd-skuid'] = 'nobody-knows'
    })
    const gone = assets[3]
    if (gone !== undefined) {
      receiver.sandbox.aem.removeAsset(gone.id)
      receiver.sandbox.aem.search.stale.add(gone.path)
    }
    const { said } = await run('plan', 'enrich', '--folder', dam, '--out', plan)

    receiver.sandbox.aem.search.stale.clear()

    expect(said).toMatchObject({
      checked: 4,
      planned: 1,
      unchanged: 1,
      skipped: { 'checked-out': 1, gone: 1 },
    })
    expect(await linesOf(plan)).toHaveLength(2)
  })

  test('asks the PIM for a hundred products a call', async () => {
    const { dam, plan } = library(250)
    const { pim } = receiver.sandbox
    const before = pim.requests.length
    const { stdout } = await commands(['plan', 'enrich', '--folder', dam, '--out', plan, '--json'], {
      PIM_REST_URL: `${pim.url}/search?sku={identifiers}`,
      PIM_REST_PRODUCT: '/items',
    })
    expect(JSON.parse(stdout)).toMatchObject({ checked: 250, unchanged: 250 })
    // The communicator takes fifty in one request.
    expect(pim.requests.length - before).toBeLessThanOrEqual(6)
  })

  test('leaves no plan behind when the PIM is down', async () => {
    const { dam, plan } = library(2)
    const { stdout, code } = await commands(['plan', 'enrich', '--folder', dam, '--out', plan, '--json'], {
      PIM_REST_HEADERS: 'X-Api-Key: wrong',
    })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'PIM_UNAUTHORIZED' } })
    await expect(readFile(plan)).rejects.toThrow('ENOENT')
    await expect(readFile(`${plan}.part`)).rejects.toThrow('ENOENT')
  })
})

describe('bridge apply and undo', () => {
  test('apply does what the plan says; undo, from the old mapping, brings back exactly what was', async () => {
    const { assets, plan, report } = await planned()
    const before = assets.map(metadataOf)
    const { code, said } = await run('apply', plan)

    expect(code).toBe(0)
    expect(said).toMatchObject({
      report,
      checked: 3,
      written: 3,
      unchanged: 0,
      refused: 0,
      failed: 0,
      done: true,
    })
    for (const asset of assets) {
      expect(metadataOf(asset)).toMatchObject({
        'dc:title': product.description,
        'wknd-stock': 7,
        'wknd-tags': ['one'],
      })
      expect(metadataOf(asset)).not.toHaveProperty('wknd-old')
    }
    const [head, ...lines] = await linesOf(report)
    expect(head).toMatchObject({ report: 1, kind: 'apply', rules: (await linesOf(plan))[0].rules })
    expect(lines.filter(({ outcome }) => outcome === 'written')).toHaveLength(3)

    mockRules.mapping = oldMapping
    expect(await run('undo', report)).toMatchObject({
      code: 0,
      said: { undone: 3, refused: 0, failed: 0, done: true },
    })
    expect(assets.map(metadataOf)).toEqual(before)
    // Once more is harmless.
    expect(await run('undo', report)).toMatchObject({
      code: 0,
      said: { undone: 0, unchanged: 3, refused: 0 },
    })
  })

  test('refuses a property that somebody changed, and writes the others of the asset', async () => {
    const { assets, plan } = await planned(2)
    receiver.sandbox.aem.edit(assets[0]?.id ?? '', ({ assetMetadata }) => {
      assetMetadata['dc:title'] = 'of an author'
      assetMetadata.other = 'moves the ETag'
    })
    receiver.sandbox.aem.edit(assets[1]?.id ?? '', ({ assetMetadata }) => {
      assetMetadata.other = 'a changed ETag alone refuses nothing'
    })
    const { code, said } = await run('apply', plan)

    expect(code).toBe(1)
    expect(said).toMatchObject({
      written: 2,
      refused: 1,
      refusals: [{ path: assets[0]?.path, property: 'dc:title', expected: 'Lamp', held: 'of an author' }],
    })
    expect(assets.map((asset) => metadataOf(asset)['dc:title'])).toEqual([
      'of an author',
      product.description,
    ])
    expect(assets.map((asset) => metadataOf(asset)['wknd-stock'])).toEqual([7, 7])
  })

  test('undo leaves what somebody changed after, and says so', async () => {
    const { assets, plan, report } = await planned(2)
    await run('apply', plan)
    receiver.sandbox.aem.edit(assets[0]?.id ?? '', ({ assetMetadata }) => {
      assetMetadata['dc:title'] = 'of an author'
    })
    mockRules.mapping = oldMapping
    const { code, said } = await run('undo', report)

    expect(code).toBe(1)
    expect(said).toMatchObject({
      undone: 2,
      refused: 1,
      refusals: [{ property: 'dc:title', expected: product.description, held: 'of an author' }],
    })
    expect(metadataOf(assets[0] ?? { id: '' })).toMatchObject({
      'dc:title': 'of an author',
      'wknd-old': ['a', 'b'],
    })
    expect(metadataOf(assets[1] ?? { id: '' })['dc:title']).toBe('Lamp')
  })

  test('undo refuses while the rules would write the same again, and writes nothing; --force undoes it', async () => {
    const { assets, plan, report } = await planned(2)
    await run('apply', plan)
    const applied = assets.map(metadataOf)
    const refused = await run('undo', report)

    expect(refused).toMatchObject({ code: 1, said: { error: { code: 'RULES_WRITE_AGAIN' } } })
    expect(refused.said.error.message).toContain('deploy the old mapping first')
    expect(assets.map(metadataOf)).toEqual(applied)

    // Other rules that write one of the properties in the same way.
    mockRules.mapping = [title, { property: 'wknd-stock', compute: () => 7 }]
    expect((await run('undo', report)).said.error.message).toContain('wknd-stock')
    expect(await run('undo', report, '--force')).toMatchObject({ code: 0, said: { undone: 2 } })
  })

  test('asks a person before it writes; no means no', async () => {
    const { assets, plan } = await planned(2)
    const { code, asked } = await commands(['apply', plan], {}, { answer: false })

    expect(code).toBe(1)
    expect(asked).toEqual([expect.stringContaining('writes to 2 assets')])
    expect(receiver.sandbox.aem.asset(assets[0]?.id ?? '').etag).toBe(assets[0]?.etag)
  })

  test('an asset that is checked out or gone is refused', async () => {
    const { assets, plan } = await planned(2)
    receiver.sandbox.aem.edit(assets[0]?.id ?? '', ({ repositoryMetadata }) => {
      repositoryMetadata['aem:checkedOutBy'] = 'ada'
    })
    receiver.sandbox.aem.removeAsset(assets[1]?.id ?? '')
    const { code, said } = await run('apply', plan)

    expect(code).toBe(1)
    expect(said).toMatchObject({ written: 0, refused: 2, failed: 0 })
    expect(said.refusals).toContainEqual(
      expect.objectContaining({ reason: 'the asset is checked out by ada' }),
    )
    expect(said.refusals).toContainEqual(expect.objectContaining({ code: 'ASSET_NOT_FOUND' }))
  })

  test('what a line of a report or a plan says cannot steer the terminal', async () => {
    const { plan, assets } = await planned(1)
    receiver.sandbox.aem.edit(assets[0]?.id ?? '', ({ assetMetadata }) => {
      assetMetadata['dc:title'] = '\u001b[2Jgone\nin step'
    })
    const { stdout } = await commands(['apply', plan, '--yes'])
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\nin step')
  })
})

describe('a file that is not what it should be', () => {
  const changed = async (plan: string, change: (lines: string[]) => string[]): Promise<string> => {
    const path = `${plan}.changed.jsonl`
    const lines = (await readFile(plan, 'utf8')).trim().split('\n')
    await writeFile(path, `${change(lines).join('\n')}\n`)
    return path
  }
  const withHead = (about: object) => (lines: string[]) => [
    JSON.stringify({ ...JSON.parse(lines[0] ?? ''), ...about }),
    ...lines.slice(1),
  ]

  test.each([
    ['of another version', withHead({ plan: 2 }), 'PLAN_INVALID', 'version 2'],
    [
      'of another author',
      withHead({ host: 'author-p9-e9.adobeaemcloud.com' }),
      'HOST_NOT_ALLOWED',
      'author-p9-e9',
    ],
    ['without a head', (lines: string[]) => lines.slice(1), 'PLAN_INVALID', 'head'],
    ['with half a line', (lines: string[]) => [...lines, '{"asset":{"id":"urn:aa'], 'PLAN_INVALID', 'line 4'],
    [
      'with an id that is none',
      (lines: string[]) => [...lines, (lines[1] ?? '').replace('urn:aaid', '../')],
      'PLAN_INVALID',
      'line 4',
    ],
    [
      'with a very long line',
      (lines: string[]) => [...lines, 'x'.repeat(5_000_000)],
      'PLAN_INVALID',
      'bytes',
    ],
    [
      'that names a property twice for one asset',
      (lines: string[]) => lines.map((line) => line.replace(/("changes":\[)(\{.*?\})/, '$1$2,$2')),
      'PLAN_INVALID',
      'line 2, "changes": a property stands there twice',
    ],
    [
      'with a value that is too deep',
      (lines: string[]) =>
        lines.map((line) => line.replace(/"old":null/, `"old":${'['.repeat(9_000)}${']'.repeat(9_000)}`)),
      'PLAN_INVALID',
      'no JSON value of 64 levels at most',
    ],
    ['with nothing in it', () => [], 'PLAN_INVALID', 'empty'],
  ])('a plan %s writes nothing', async (_, change, code, message) => {
    const { plan, assets } = await planned(2)
    const { code: exit, said } = await run('apply', await changed(plan, change))

    expect(exit).toBe(1)
    expect(said.error).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(assets.map(({ id }) => receiver.sandbox.aem.asset(id).etag)).toEqual(
      assets.map(({ etag }) => etag),
    )
  })

  test('apply takes no report, and undo no plan', async () => {
    const { plan, report } = await planned(1)
    await run('apply', plan)
    expect((await run('apply', report)).said.error.message).toContain('bridge undo takes it')
    expect((await run('undo', plan)).said.error.message).toContain('bridge apply takes it')
  })

  test('the report of another plan is not written on', async () => {
    const { plan, report } = await planned(1)
    const head = { report: 1, kind: 'apply', host: 'x', created: 'then', rules: '', plan: 'another' }
    await writeFile(report, `${JSON.stringify(head)}\n`)
    const { code, said } = await run('apply', plan)
    expect(code).toBe(1)
    expect(said.error).toMatchObject({
      code: 'REPORT_INVALID',
      message: expect.stringContaining('another plan'),
    })
  })

  test('half a last line of a report is left out by undo, and cut off by apply', async () => {
    const { plan, report, assets } = await planned(2)
    const before = assets.map(metadataOf)
    await run('apply', plan)
    await appendFile(report, '{"asset":{"id":"urn:aaid:aem:1')
    expect(await run('apply', plan)).toMatchObject({ code: 0, said: { written: 0, unchanged: 2 } })
    await linesOf(report)
    await appendFile(report, '{"asset":{"id":"urn:aaid:aem:1')
    mockRules.mapping = oldMapping
    expect(await run('undo', report)).toMatchObject({ code: 0, said: { undone: 2 } })
    expect(assets.map(metadataOf)).toEqual(before)
  })
})

describe('bridge plan export', () => {
  test('names the files that a destination misses; apply puts them there, and undo leaves them', async () => {
    const { dam, plan, assets } = library(2)
    const first = await run('plan', 'export', '--folder', dam, '--out', plan)
    expect(first).toMatchObject({ code: 0, said: { kind: 'export', checked: 2, planned: 2 } })
    const [, entry] = await linesOf(plan)
    expect(entry).toMatchObject({
      asset: { path: expect.stringContaining(dam) },
      export: { destination: 'folder', key: expect.stringMatching(/^plan-.*\.png$/), reason: 'missing' },
    })
    receiver.sandbox.aem.move(assets[1]?.id ?? '', `${dam}/moved.png`)
    const applied = await run('apply', plan)
    expect(applied).toMatchObject({ code: 1, said: { written: 1, refused: 1 } })

    const { code, said } = await run('undo', `${plan}.report.jsonl`)
    expect(code).toBe(1)
    expect(said.error).toMatchObject({ code: 'EXPORTS_STAY' })

    const again = await run('plan', 'export', '--folder', dam, '--out', plan)
    expect(again.said).toMatchObject({ planned: 1, unchanged: 1 })
  })
})
