import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { parse } from 'yaml'
import { fieldsIn, schemaFile, schemaPackage } from '../../../cli/setup/aem-project/metadata-schema'
import { propertyProblem } from '../../../cli/setup/aem-project/property-name'
import { aemProject } from '../../../cli/setup/aem-project/step'
import type { SetupAnswers, SetupItem } from '../../../cli/setup/step'
import { propertiesWrittenBy } from '../../../src/app/written-properties'
import { everyAttribute, fromFileName, fromProperty } from '../../../src/plugin/enrichment'
import type { Product } from '../../../src/plugin/pim'
import { environmentOf } from '../../support/commands'

const secret = 'p8e-never-in-a-file-of-git'
const env = {
  IMS_OAUTH_S2S_CLIENT_ID: 'c0ffee-client',
  IMS_OAUTH_S2S_CLIENT_SECRET: secret,
  ALERT_WEBHOOK_URL: `https://hooks.example.com/${secret}`,
  STATUS_TOKEN: secret,
}
const answers: SetupAnswers = {
  env: 'stage',
  author: 'https://author-p1-e2.adobeaemcloud.com',
  folders: ['/content/dam/shop'],
  pim: 'mock',
  destinations: ['folder', 's3'],
}
const repoinitFile = 'org.apache.sling.jcr.repoinit.RepositoryInitializer~asset-bridge.cfg.json'
const schema = `metadata-schema/${schemaFile}`
const index = 'oak-index/jcr_root/_oak_index/damAssetLucene-N-custom-M/.content.xml'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bridge-aem-project-'))
})
afterEach(() => rm(root, { recursive: true }))

const run = (
  changes: Partial<SetupAnswers> = {},
  { dryRun = false, inputs = env }: { dryRun?: boolean; inputs?: Record<string, string> } = {},
): Promise<readonly SetupItem[]> =>
  aemProject.run({ ...answers, ...changes }, { root, dryRun, environment: environmentOf(inputs) })

const read = (name: string): Promise<string> => readFile(join(root, name), 'utf8')

/** All that stands there, by name. */
async function tree(): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file.slice(root.length + 1), await readFile(file, 'utf8')] as const),
    ),
  )
}

const named = (items: readonly SetupItem[], kind: SetupItem['kind']): string[] =>
  items.flatMap((item) => (item.kind === kind ? [item.what] : []))
const manual = (items: readonly SetupItem[], part: string) =>
  items.find((item) => item.kind === 'manual' && item.what.includes(part))

/** All elements of a document that have the attribute, with their attributes. */
function elements(xml: string, attribute: string): Record<string, string>[] {
  expect(XMLValidator.validate(xml)).toBe(true)
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
  })
  const found: Record<string, string>[] = []
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) visit(one)
    else if (typeof node === 'object' && node !== null) {
      const texts = Object.entries(node).filter(([, value]) => typeof value === 'string')
      if (attribute in node) found.push(Object.fromEntries(texts))
      for (const value of Object.values(node)) visit(value)
    }
  }
  visit(parser.parse(xml))
  return found
}

const fields = (xml: string): string[] => elements(xml, 'name').map(({ name }) => name ?? '')

test('one environment has all its files in aem/, and each can be read back', async () => {
  const items = await run()

  const files = await tree()
  expect(named(items, 'changed').toSorted()).toEqual(Object.keys(files).toSorted())
  expect(parse(files['aem/api.yaml'] ?? '')).toEqual({
    kind: 'API',
    version: '1',
    metadata: { envTypes: ['stage'] },
    data: { allowedClientIDs: { author: ['c0ffee-client'] } },
  })
  expect(JSON.parse(files[`aem/${repoinitFile}`] ?? '')).toEqual({
    scripts: [
      'create path (sling:Folder) /content/dam/shop',
      'set ACL for "AEM Assets Collaborator Users - Service" (ACLOptions=ignoreMissingPrincipal)\n' +
        '  allow jcr:read,jcr:versionManagement,rep:write on /content/dam/shop\nend',
    ],
  })
  const form = files[`aem/${schema}`] ?? ''
  expect(fields(form)).toEqual([
    './jcr:content/metadata/wknd-skuid',
    './jcr:content/metadata/wknd-suppliername',
    './jcr:content/metadata/exportDestination',
    './jcr:content/metadata/exportImmediately',
  ])
  expect(elements(form, 'value').map(({ value }) => value)).toEqual(['folder', 's3', 'yes'])
  expect(elements(files['aem/metadata-schema/META-INF/vault/filter.xml'] ?? '', 'root')).toEqual([
    { root: '/conf/global/settings/dam/adminui-extension/metadataschema/asset-bridge' },
  ])
  const indexed = elements(files[`aem/${index}`] ?? '', 'propertyIndex')
  expect(indexed).toContainEqual({
    'jcr:primaryType': 'nt:unstructured',
    name: 'jcr:content/metadata/wknd-skuid',
    propertyIndex: '{Boolean}true',
  })
  expect(indexed.filter(({ type }) => type === 'Date').map(({ name }) => name)).toEqual([
    'jcr:created',
    'jcr:content/jcr:lastModified',
    'jcr:content/cq:lastReplicated',
  ])
  // Under that name a real definition would take the place of Adobe's index.
  expect(files[`aem/${index}`]).not.toContain('QueryIndexDefinition')
})

test('what is left to a person has its place and its file', async () => {
  const items = await run()

  expect(manual(items, 'client id')).toMatchObject({
    where: expect.stringContaining('Cloud Manager > Pipelines'),
    file: 'aem/api.yaml',
  })
  expect(manual(items, 'repoinit')).toMatchObject({ file: `aem/${repoinitFile}` })
  expect(manual(items, '/content/dam/shop')).toMatchObject({
    where: expect.stringContaining('Metadata Schema'),
  })
  expect(manual(items, 'everyAttribute')).toBeDefined()
  expect(manual(items, 'damAssetLucene')).toMatchObject({ file: 'aem/oak-index' })
})

test('a dry run writes nothing; a second run changes nothing', async () => {
  const dry = await run({}, { dryRun: true })
  expect(await tree()).toEqual({})

  const first = await run()
  const before = await tree()
  expect(dry).toEqual(first)

  const second = await run()
  expect(named(second, 'changed')).toEqual([])
  expect(named(second, 'unchanged')).toEqual(named(first, 'changed'))
  expect(await tree()).toEqual(before)
})

test('another environment has a folder of its own, and neither touches the other', async () => {
  await run()
  const stage = await tree()
  const production = { env: 'production', destinations: ['s3'], folders: ['/content/dam/live'] }
  const inputs = { ...env, IMS_OAUTH_S2S_CLIENT_ID: 'another-client' }
  await run(production, { inputs })

  expect(await tree()).toMatchObject(stage)
  expect(parse(await read('aem/production/api.yaml'))).toMatchObject({
    metadata: { envTypes: ['prod'] },
    data: { allowedClientIDs: { author: ['another-client'] } },
  })
  const both = await tree()
  expect(named(await run(), 'changed')).toEqual([])
  expect(named(await run(production, { inputs }), 'changed')).toEqual([])
  expect(await tree()).toEqual(both)
})

test.each([
  ['production', 'prod'],
  ['Prod', 'prod'],
  ['staging', 'stage'],
  ['dev2', 'dev'],
  ['preprod', 'dev'],
])('an environment named %s is of the type %s', async (name, type) => {
  await run({ env: name })

  expect(parse(await read('aem/api.yaml'))).toMatchObject({ metadata: { envTypes: [type] } })
})

test('a README of their own in aem/ stays, and the files go beside it', async () => {
  await mkdir(join(root, 'aem'))
  await writeFile(join(root, 'aem/README.md'), '# Ours\n')
  await run()

  expect(await read('aem/README.md')).toBe('# Ours\n')
  expect(Object.keys(await tree())).toContain('aem/stage/api.yaml')
})

test('no secret is in any file or item, whatever it is made of', async () => {
  const items = await run({ eventProxy: true, pim: 'rest' }, { inputs: { ...env, PIM_REST_HEADERS: secret } })

  expect(JSON.stringify([await tree(), items])).not.toContain(secret)
})

test('without a client id there is no api.yaml, and how to get one is told', async () => {
  const items = await run({}, { inputs: {} })

  expect(Object.keys(await tree())).not.toContain('aem/api.yaml')
  expect(manual(items, 'client id')).toMatchObject({ where: expect.stringContaining('aio app use') })
})

test('folders are granted once, the outermost; what repoinit cannot name is left to a person', async () => {
  const items = await run({
    folders: [
      '/content/dam/shop/lamps',
      '/content/dam/shop',
      '/content/dam/shop-2',
      '/content/dam/our "best" shop',
      "/content/dam/l'été",
    ],
  })

  const { scripts } = JSON.parse(await read(`aem/${repoinitFile}`))
  expect(scripts.join('\n').match(/\/content\S*/g)).toEqual([
    '/content/dam/shop',
    '/content/dam/shop-2',
    '/content/dam/shop',
    '/content/dam/shop-2',
  ])
  const byHand = items.filter((item) => item.kind === 'manual' && item.where.includes('Permissions'))
  expect(byHand).toHaveLength(2)
  expect(manual(byHand, '/content/dam/our \\"best\\" shop')).toBeDefined()
})

test('the files of the event proxy are written when they are asked for', async () => {
  await run()
  expect(Object.keys(await tree()).filter((name) => name.includes('aio.aem'))).toEqual([])

  await run({ eventProxy: true })
  const pid = 'aem/com.adobe.aio.aem.event.osgimapping.internal.OsgiEventMappingSupplierImpl'
  expect(JSON.parse(await read(`${pid}-asset_published.cfg.json`))).toMatchObject({
    'aio.event.code': 'asset_published',
    'osgi.filter': '(&(type=ACTIVATE)(!(event.application=*)))',
  })
  expect(JSON.parse(await read(`${pid}-asset_unpublished.cfg.json`))).toMatchObject({
    'aio.event.code': 'asset_unpublished',
    'osgi.filter': '(&(type=DEACTIVATE)(!(event.application=*)))',
  })
})

test('a PIM that does not answer takes no field away', async () => {
  await run()
  const before = await read(`aem/${schema}`)
  const items = await run({ pim: 'rest' })

  expect(await read(`aem/${schema}`)).toBe(before)
  expect(manual(items, 'PIM_REST_URL')).toMatchObject({ where: expect.stringContaining('Metadata Schemas') })
})

describe('fields', () => {
  const rules = {
    linkProperty: 'sku',
    matching: [fromProperty('sku'), fromProperty('old-sku'), fromFileName()],
    mapping: [
      { attribute: 'name', property: 'dc:title' },
      { attribute: 'weight', property: 'weight', type: 'number' as const },
      { value: ['a', 'b'], property: 'fixed' },
      everyAttribute('pim-'),
      { property: 'computed', multiple: true, compute: () => 'x' },
    ],
  }
  const products: readonly Product[] = [
    { identifier: '1', attributes: { Zoo: 'z', alt: ['a', 'b'], price: { amount: 1 } } },
    { identifier: '2', attributes: { Zoo: null, brand: 'b' } },
  ]

  test('follow from the rules in their order, and those of every attribute from products, by name', () => {
    const { properties, searched, hasMore } = propertiesWrittenBy(rules, {
      marksDeleted: true,
      attributes: { names: [], products, isComplete: false },
    })

    expect(properties.map(({ name, isMultiple }) => (isMultiple ? `${name}*` : name))).toEqual([
      'sku',
      'dc:title',
      'weight',
      'fixed*',
      'pim-alt*',
      'pim-brand',
      'pim-zoo',
      'computed*',
      'sku-deleted',
    ])
    expect(searched).toEqual(['sku', 'old-sku'])
    expect(hasMore).toBe(true)
  })

  test('are complete where the PIM knows its attributes', () => {
    const attributes = { names: ['b', 'a'], products: [], isComplete: true }
    const remembered = [{ name: 'pim-gone', isMultiple: false }]
    const { properties, hasMore } = propertiesWrittenBy(rules, { attributes, remembered })

    expect(properties.map(({ name }) => name).filter((name) => name.startsWith('pim-'))).toEqual([
      'pim-a',
      'pim-b',
    ])
    expect(hasMore).toBe(false)
  })

  test('of hostile names are the same after a parser, each node with a name of its own', () => {
    const names = [`it's "a" <b> & c`, '[x', '{y}\\z', 'dc:title', 'a--b', 'a__b', 'a_x0041_b', 'été']
    const fit = names.filter((name) => propertyProblem(name) === undefined)
    expect(names.filter((name) => !fit.includes(name))).toEqual(['[x', '{y}\\z'])
    const properties = [...fit, 'back\\slash'].map((name, at) => ({ name, isMultiple: at % 2 === 0 }))
    const xml = schemaPackage(properties, ['a "b" & <c>', '[s3]'])[schemaFile] ?? ''

    const written = fields(xml).map((name) => name.replaceAll('\\\\', '\\'))
    expect(written.slice(0, -2)).toEqual(properties.map(({ name }) => `./jcr:content/metadata/${name}`))
    expect(elements(xml, 'value').map(({ value }) => value)).toEqual(['a "b" & <c>', '\\[s3]', 'yes'])
    expect(fieldsIn(xml).slice(0, -2)).toEqual(properties)
    const nodes = [...xml.matchAll(/<(field-[\w-]*)/g)].map(([, node]) => node)
    expect(new Set(nodes).size).toBe(properties.length)
  })

  test('of exports are there once, also where the mapping writes them', () => {
    const properties = [{ name: 'exportDestination', isMultiple: true }]
    const form = (destinations: readonly string[]) =>
      fields(schemaPackage(properties, destinations)[schemaFile] ?? '')

    expect(form(['s3'])).toEqual([
      './jcr:content/metadata/exportDestination',
      './jcr:content/metadata/exportImmediately',
    ])
    expect(form([])).toEqual(['./jcr:content/metadata/exportDestination'])
  })

  test.each([
    '',
    '.',
    '..',
    '../../x',
    'a/b',
    'a|b',
    'a*',
    'a@TypeHint',
    ' a',
    'a:',
    ':a',
    'a:b:c',
    'a\nb',
    'a\u0000b',
    '{u}a',
  ])('a property named %j has none', (name) => {
    expect(propertyProblem(name)).toEqual(expect.any(String))
  })
})
