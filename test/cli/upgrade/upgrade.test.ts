import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunProcess } from '../../../cli/upgrade/process'
import { type UpgradeRun, upgrade } from '../../../cli/upgrade/upgrade'
import { createCommands } from '../../support/commands'
import { type Company, createCompany, movedConfig, oldConfig } from './company'

const packageOf = (version: string, rest: Record<string, unknown> = {}): string =>
  `${JSON.stringify({ name: 'app', version, scripts: { test: 'jest' }, dependencies: { ajv: version }, ...rest }, null, 2)}\n`

const release1 = {
  '.gitignore': '.env*\n!.env.example\n',
  '.env.example': '# Required. The origin.\nAEM_AUTHOR_URLS=\n\n# IMS_URL=\n',
  'ext.config.yaml': 'written by hand\n',
  'package.json': packageOf('0.1.0'),
  'package-lock.json': '{"of":"0.1.0"}\n',
  'config/enrichment.ts': 'as it comes\n',
  'config/destinations.ts': 'as it comes\n',
  'src/app.ts': 'app 1\n',
  'src/still.ts': 'still\n',
  'src/pim/mock.ts': 'mock\n',
}

const newEnv = `# Required. The origin.
AEM_AUTHOR_URLS=

# Where alerts go.
# ALERT_WEBHOOK_URL=

# Secret. Required. The token of
# a monitor.
STATUS_TOKEN=
`

const release2 = {
  '.env.example': newEnv,
  'CHANGELOG.md': `# Changelog

## [2.0.0]

### What an operator must do

- Set STATUS_TOKEN.

### Added

- Much.

## [0.1.0]

### What an operator must do

- Nothing of this is new.
`,
  'ext.config.yaml': 'generated\n',
  'package.json': packageOf('2.0.0', { engines: { node: '>=20' } }),
  'package-lock.json': '{"of":"2.0.0"}\n',
  'config/deployment.ts': 'new in 2\n',
  'config/enrichment.ts': 'as it comes in 2\n',
  'config/destinations.ts': 'as it comes in 2\n',
  'src/app.ts': 'app 2\n',
  'src/plugin/enrichment.ts': 'plugin\n',
  'src/pim/mock.ts': undefined,
}

const customised = {
  ...oldConfig,
  'package.json': packageOf('0.1.0', {
    scripts: { test: 'jest', ours: 'node ours.js' },
    dependencies: { ajv: '0.1.0', 'acme-client': '^3.0.0' },
  }),
  'src/connectors/shop/pim.ts': "import type { PimContext } from '../../pim/communicator'\n",
  'aem/api.yaml': 'kind: API\n',
  '.github/workflows/deploy.yml': 'on: push\n',
  'docs/connectors/shop.md': '# Shop\n',
}

let made: Company
let company: Company

beforeAll(async () => {
  made = await createCompany(release1)
  await made.commit(customised)
  await made.release('v2.0.0', release2)
  await made.release('v3.0.0-beta.1', { 'package.json': packageOf('3.0.0-beta.1') })
  await made.write({ '.env.stage': 'SECRET=1\n' })
})
beforeEach(async () => {
  company = await made.copy()
})
afterEach(() => company.close())
afterAll(() => made.close())

/** What npm and the new version's programs would do; `stopsAt` is where the machine goes down. */
const programs =
  (ran: string[] = [], stopsAt?: string): RunProcess =>
  async (program, args, { cwd }) => {
    const name = nameOf([program, ...args])
    if (name === stopsAt) throw new Error('killed')
    ran.push(name)
    if (name.startsWith('npm'))
      await company.write({ 'package-lock.json': '{"of":"2.0.0 and acme-client"}\n' })
    if (name === 'generate.ts') await company.write({ '.env.example': `${newEnv}\n# Ours.\n# SHOP_URL=\n` })
    expect(cwd).toBe(company.root)
    return { code: 0, stdout: '', stderr: '' }
  }

function nameOf(words: readonly string[]): string {
  if (words[0] === 'npm') return `npm ${words[1]}`
  const [, script = '', argument = ''] = words
  return (argument.startsWith('/') ? argument : script).split('/').at(-1) ?? ''
}

const run = (options: Partial<UpgradeRun> = {}) =>
  upgrade({
    root: company.root,
    dryRun: false,
    skip: [],
    env: undefined,
    run: programs(),
    progress: () => undefined,
    ...options,
  })

const head = (): string => company.git('rev-parse', 'HEAD').trim()
const treeOf = (commit: string): string => company.git('rev-parse', `${commit}^{tree}`).trim()

test('a customised checkout gets the newest release as one commit, keeps what is its own, and has imports of what moved written anew', async () => {
  const before = head()
  const ran: string[] = []

  const report = await run({ run: programs(ran) })

  expect(report).toMatchObject({ from: '0.1.0', to: '2.0.0', commit: head(), before })
  expect(company.git('rev-list', '--count', `${before}..HEAD`).trim()).toBe('1')
  expect(company.git('status', '--porcelain')).toBe('')
  expect(ran).toEqual(['npm install', 'generate.ts', 'tsc', 'jest.js', 'bin.cjs'])
  expect(report.steps.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
  for (const file of ['aem/api.yaml', '.github/workflows/deploy.yml', 'docs/connectors/shop.md'] as const) {
    expect(await company.read(file)).toBe(customised[file])
  }
  expect(await company.read('.env.stage')).toBe('SECRET=1\n')
  expect(await company.read('src/app.ts')).toBe('app 2\n')
  expect(await company.read('config/deployment.ts')).toBe('new in 2\n')
  expect(await company.read('ext.config.yaml')).toBe('generated\n')
  expect(report.plan?.files.removed).toEqual(['src/pim/mock.ts'])
  expect(JSON.parse(await company.read('package.json'))).toEqual({
    name: 'app',
    version: '2.0.0',
    scripts: { test: 'jest', ours: 'node ours.js' },
    dependencies: { 'acme-client': '^3.0.0', ajv: '2.0.0' },
    engines: { node: '>=20' },
  })
  expect(await company.read('package-lock.json')).toContain('acme-client')
  expect(report.plan?.operator).toEqual([{ version: '2.0.0', text: '- Set STATUS_TOKEN.' }])
  expect(report.inputs.map(({ name }) => name)).toEqual(['STATUS_TOKEN', 'ALERT_WEBHOOK_URL', 'SHOP_URL'])
  expect(report.inputs[0]).toMatchObject({ meaning: 'Secret. Required. The token of a monitor.' })

  expect(await company.read('config/enrichment.ts')).toBe(movedConfig['config/enrichment.ts'])
  expect(await company.read('config/destinations.ts')).toContain("from '../src/plugin/key'")
  expect(await company.read('src/connectors/shop/pim.ts')).toBe(
    "import type { PimContext } from '../../plugin/pim'\n",
  )
  expect(report.plan?.imports.map(({ file }) => file)).toEqual([
    'config/destinations.ts',
    'config/enrichment.ts',
    'src/connectors/shop/pim.ts',
  ])
})

test('a dry run tells the same, and changes nothing', async () => {
  const before = head()
  const commands = createCommands(() => ({}))

  const { code, stdout } = await commands(['upgrade', '--dry-run', '--json', '--in', company.root])
  const shown = await commands(['upgrade', '--dry-run', '--in', company.root])

  expect([code, head(), company.git('status', '--porcelain')]).toEqual([0, before, ''])
  expect(JSON.parse(stdout)).toMatchObject({
    from: '0.1.0',
    to: '2.0.0',
    dryRun: true,
    files: { removed: ['src/pim/mock.ts'], undecided: [] },
    packageEntries: { kept: ['scripts.ours', 'dependencies.acme-client'], replaced: [] },
    inputs: [{ name: 'STATUS_TOKEN', required: true }, { name: 'ALERT_WEBHOOK_URL' }],
    steps: [],
  })
  expect(shown.stdout).toContain('What an operator must do, 2.0.0:\n  - Set STATUS_TOKEN.')
  expect(shown.stdout).toContain('config/enrichment.ts: ../src/pim/mock -> ../src/connectors/mock/pim')
})

test('a file of the app that both have changed stops it, until somebody chooses', async () => {
  await company.commit({ 'src/app.ts': 'ours\n', 'src/still.ts': 'ours\n' })
  const before = head()

  await expect(run()).rejects.toThrow(/nothing was done: src\/app\.ts\. Name each with --keep/)
  expect([head(), company.git('status', '--porcelain')]).toEqual([before, ''])

  const kept = await run({ keep: ['src/app.ts'] })
  expect(kept.plan?.files.kept).toEqual(['src/app.ts', 'src/still.ts'])
  expect(await company.read('src/app.ts')).toBe('ours\n')

  company.git('reset', '--quiet', '--hard', before)
  const replaced = await run({ replace: ['src'] })
  expect(replaced.plan?.files.kept).toEqual(['src/still.ts'])
  expect(await company.read('src/app.ts')).toBe('app 2\n')
})

test('what is not committed stops it', async () => {
  await company.write({ 'config/enrichment.ts': 'work in progress\n', 'notes.txt': 'mine\n' })

  await expect(run()).rejects.toThrow(/would lose them: config\/enrichment\.ts, notes\.txt/)
  expect(await company.read('config/enrichment.ts')).toBe('work in progress\n')
})

test('stopped before generate or before the tests and run again, it ends the same', async () => {
  const before = head()
  await run()
  const wanted = treeOf('HEAD')

  for (const stopsAt of ['generate.ts', 'jest.js']) {
    company.git('reset', '--quiet', '--hard', before)
    await expect(run({ run: programs([], stopsAt) })).rejects.toThrow('killed')
    const ran: string[] = []
    const report = await run({ run: programs(ran) })

    expect(report).toMatchObject({ from: '0.1.0', to: '2.0.0' })
    expect(ran.slice(-3)).toEqual(['tsc', 'jest.js', 'bin.cjs'])
    expect([treeOf('HEAD'), company.git('rev-list', '--count', `${before}..HEAD`).trim()]).toEqual([
      wanted,
      '1',
    ])
    expect(await run()).toMatchObject({ from: '2.0.0', to: '2.0.0', steps: [] })
  }
})

test('stopped amid the files it goes on, but not over what somebody wrote since', async () => {
  await expect(run({ run: programs([], 'npm install') })).rejects.toThrow('killed')
  // As when Git was stopped: the index is the old one, some files are new.
  company.git('reset', '--quiet')
  await rm(join(company.root, 'src/app.ts'))
  company.git('checkout', '--', 'src/app.ts', 'package.json')
  await company.write({ 'config/enrichment.ts': 'written since\n' })

  await expect(run()).rejects.toThrow(/lose them: config\/enrichment\.ts$/)
  company.git('checkout', '--', 'config/enrichment.ts')
  await run()
  expect(await company.read('src/app.ts')).toBe('app 2\n')
  expect(company.git('status', '--porcelain')).toBe('')
})

test('a failed install commits nothing, a failed check is told with its last lines', async () => {
  const before = head()
  const failing =
    (failed: string): RunProcess =>
    async (program, args, options) =>
      nameOf([program, ...args]) === failed
        ? { code: 1, stdout: 'it broke', stderr: '' }
        : programs()(program, args, options)

  const install = await run({ run: failing('npm install') })
  expect([install.steps, head()]).toEqual([
    [{ name: 'install', status: 'failed', output: 'it broke' }],
    before,
  ])

  const { commit, steps } = await run({ run: failing('tsc'), skip: ['doctor'] })
  expect(commit).toBe(head())
  expect(steps.slice(2).map(({ status }) => status)).toEqual(['failed', 'ok', 'skipped'])
})

test('releases are named, and looked for where they are said to be', async () => {
  await expect(run({ to: 'v9.0.0' })).rejects.toThrow('no release v9.0.0; there are v0.1.0, v2.0.0')
  await expect(run({ from: 'nowhere' })).rejects.toThrow('--from nowhere is neither')
  expect(await run({ to: '3.0.0-beta.1', dryRun: true })).toMatchObject({ to: '3.0.0-beta.1' })
  company.git('remote', 'remove', 'upstream')
  await expect(run()).rejects.toThrow('no git remote named upstream')
  await expect(run({ fromUrl: '--upload-pack=touch x' })).rejects.toThrow('git fetch')
  expect(await run({ fromUrl: company.upstream, dryRun: true })).toMatchObject({ to: '2.0.0' })
})

test('a release that was fetched before, from elsewhere or since withdrawn, is none of those there are now', async () => {
  company.git('update-ref', 'refs/bridge-upgrade/v9.0.0', 'HEAD')
  company.git('tag', 'v8.0.0')
  expect(await run({ dryRun: true })).toMatchObject({ to: '2.0.0' })
  await expect(run({ to: 'v9.0.0' })).rejects.toThrow('no release v9.0.0')
  expect(company.git('tag', '--list', 'v8.0.0').trim()).toBe('v8.0.0')
})

test('a file that git ignores is not written over by one that the new version has at its place', async () => {
  await company.write({ '.git/info/exclude': 'src/plugin/\n', 'src/plugin/enrichment.ts': 'ours\n' })
  await expect(run()).rejects.toThrow('an upgrade would lose them: src/plugin/enrichment.ts')
  expect(await company.read('src/plugin/enrichment.ts')).toBe('ours\n')
})
