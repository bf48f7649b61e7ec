import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, root, runScript } from '../../scripts/command'
import { sampleConfiguration } from '../../scripts/generate/configurations'
import { envExample } from '../../scripts/generate/env-example'
import { inputGroups } from '../../scripts/generate/groups'

/** A copy of what generation and its check read, to plant things in, with `config/` as it comes. */
let tree: string

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'generated-'))
  const parts = ['actions', 'bench', 'cli', 'docs', 'sample-config', 'scripts', 'src', 'types', 'webpack']
  const files = ['package.json', 'tsconfig.json', 'webpack-config.js']
  for (const part of [...parts, ...files]) await cp(join(root, part), join(tree, part), { recursive: true })
  for (const file of ['enrichment.ts', 'destinations.ts', 'deployment.ts'])
    await takeSample(file, `config/${file}`)
  await takeSample('ext.config.yaml', 'ext.config.yaml')
  await takeSample('declared-inputs.ts', 'src/inputs/declared.ts')
  await writeFile(join(tree, '.env.example'), envExample(await inputGroups(sampleConfiguration)))
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
})

afterEach(() => rm(tree, { recursive: true, force: true }))

const takeSample = (file: string, to: string): Promise<void> =>
  cp(join(root, 'sample-config', file), join(tree, to))

const run = (script: string, ...args: string[]): Promise<CommandResult> =>
  runScript('tsx/dist/cli.mjs', [script, ...args], { cwd: tree })
const check = (): Promise<CommandResult> => run('scripts/check.ts', 'generated', 'inputs')
const written = (file: string): Promise<string> => readFile(join(tree, file), 'utf8')

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await written(file)
  expect(text).toContain(from)
  await writeFile(join(tree, file), text.replace(from, to))
}

const shop = `
import { declareInputs, text, valuesOf } from '../src/plugin/inputs'
import { pimWith } from '../src/plugin/pim'

const shopInputs = declareInputs({
  SHOP_URL: { meaning: 'The URL of the shop.', required: true, example: 'https://shop.example.com', shape: text },
  SHOP_KEY: { meaning: 'The key of the shop.', required: true, shape: text, secret: true },
})

export const shopPim = () =>
  pimWith({ inputs: shopInputs }, (context) => {
    const { SHOP_URL, SHOP_KEY } = valuesOf(shopInputs, context)
    throw new Error(\`\${SHOP_URL} refuses the key \${SHOP_KEY}\`)
  })
`

async function plantShop(): Promise<void> {
  await writeFile(join(tree, 'config/shop-pim.ts'), shop)
  await edit(
    'config/enrichment.ts',
    'import { akeneoPim }',
    "import { shopPim } from './shop-pim'\nimport { akeneoPim }",
  )
  await edit('config/enrichment.ts', 'mock: mockPim(),', 'mock: mockPim(), shop: shopPim(),')
}

test('an input that is read and not declared fails the check; so does one that is declared, and not read or not gathered', async () => {
  const declaration = "{ meaning: 'The planted.', shape: (text: string) => ({ value: text }) }"
  await writeFile(
    join(tree, 'src/app/planted.ts'),
    `export const asked = (context: { input(name: string): unknown }) => context.input('PLANTED_BY_INPUT')
export const taken = (inputs: Record<string, string>) => inputs.PLANTED_OUT_OF_ALL
`,
  )
  await writeFile(join(tree, 'src/store/more.ts'), `export const more = { PLANTED_INPUT: ${declaration} }\n`)
  const { code, output } = await check()
  expect(code).toBe(1)
  expect(output).toContain('src/app/planted.ts:1 reads PLANTED_BY_INPUT, which nobody declares')
  expect(output).toContain('src/app/planted.ts:2 reads PLANTED_OUT_OF_ALL, which nobody declares')
  expect(output).toContain('src/store/more.ts:1 declares PLANTED_INPUT, which nothing reads')
  expect(output).toContain('src/store/more.ts:1 declares PLANTED_INPUT, which is not gathered')
})

test('a connector that is used twice is declared by config/ alone, once it is generated', async () => {
  const ofTheApp = [
    'docs/configuration.md',
    'sample-config/ext.config.yaml',
    'sample-config/declared-inputs.ts',
  ]
  const shipped = await Promise.all(ofTheApp.map(written))
  await edit('config/destinations.ts', 's3: s3(),', "s3: s3(), archive: s3({ inputs: 'ARCHIVE_S3' }),")
  const before = await check()
  expect(before.code).toBe(1)
  for (const file of ['ext.config.yaml', '.env.example', 'src/inputs/declared.ts']) {
    expect(before.output).toMatch(new RegExp(`^${file} differs`, 'm'))
  }
  expect(before.output).toContain('npm run generate')

  expect(await run('scripts/generate.ts')).toMatchObject({ code: 0 })
  expect(await check()).toMatchObject({ code: 0 })
  expect(await written('ext.config.yaml')).toContain('        ARCHIVE_S3_BUCKET: $ARCHIVE_S3_BUCKET\n')
  expect(await written('.env.example')).toContain('# ARCHIVE_S3_BUCKET=\n')
  expect(await written('.env.example')).toMatch(
    /# Secret\.[^\n]*\n(# [^\n]*\n)*# ARCHIVE_S3_SECRET_ACCESS_KEY=\n/,
  )
  // What is about the app as it comes stays so.
  expect(await Promise.all(ofTheApp.map(written))).toEqual(shipped)
})

test('two connectors that would share a name for different things are told apart by name', async () => {
  await edit('config/destinations.ts', 'azure: azure(),', "azure: azure({ inputs: 'S3' }),")
  const { code, output } = await run('scripts/generate.ts')
  expect({ code, output }).toMatchObject({ code: 1 })
  expect(output).toMatch(/[A-Z0-9_]+ is declared by .* and by .*, as two different things/)
})

test("an input of the user's own is bound and described, and its secret is masked in log and answer", async () => {
  await plantShop()
  expect(await run('scripts/generate.ts')).toMatchObject({ code: 0 })
  expect(await check()).toMatchObject({ code: 0 })
  expect(await written('ext.config.yaml')).toContain('        SHOP_KEY: $SHOP_KEY\n')
  expect(await written('.env.example')).toContain('# Example: https://shop.example.com\n')

  const params = {
    type: 'aem.assets.asset.processing_completed',
    id: 'event-1',
    source: 'by-hand',
    data: { repositoryMetadata: { 'repo:path': '/content/dam/lamp.png' } },
    LOG_LEVEL: 'debug',
    ADC_CECREDENTIALS_CLIENTID: 'id',
    ADC_CECREDENTIALS_CLIENTSECRET: 'client-secret-1',
    ADC_CECREDENTIALS_METASCOPES: 'openid',
    AEM_AUTHOR_URLS: 'http://127.0.0.1:9',
    PIM_COMMUNICATOR: 'shop',
    SHOP_URL: 'https://shop.example.com',
    SHOP_KEY: 'hush-hush-4711',
  }
  const code = `import { main } from './actions/generic/index'\nmain(${JSON.stringify(params)}).then((answer) => console.log('ANSWER', JSON.stringify(answer)))\n`
  await writeFile(join(tree, 'call.ts'), code)
  const { output } = await run('call.ts')
  expect(output).toMatch(/ANSWER .*https:\/\/shop\.example\.com refuses the key \[redacted\]/)
  expect(output).toMatch(/warn: an event failed .*refuses the key \[redacted\]/)
  expect(output).not.toContain('hush-hush-4711')
})
