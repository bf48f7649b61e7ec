import { appendFile, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunProcess, runProcess } from '../../../cli/upgrade/process'
import { upgrade } from '../../../cli/upgrade/upgrade'
import { root, runScript } from '../../../scripts/command'
import { copyFiles, withoutJest } from '../../support/repository-copy'
import { type Company, createCompany, oldConfig } from './company'

/** `config/` of a company that has written more of its own than a mapping. */
const customised = {
  ...oldConfig,
  'config/acme.ts': `import type { JsonValue } from '../src/core/json'
import type { KeyTemplate } from '../src/destinations/key'
import type { AttributeRule, MappingContext, MappingRule } from '../src/metadata/mapping'
import { fromProperty, type Matcher } from '../src/metadata/matching'

export const byEan: Matcher = fromProperty('acme-ean', 'uuid')
const weight: AttributeRule = { attribute: 'weight', property: 'acme-weight' }
const brands = ({ products }: MappingContext): JsonValue => products.map(({ identifier }) => identifier)
export const rules: MappingRule[] = [weight, { property: 'acme-brands', compute: brands }]
export const byName: KeyTemplate = Object.assign(({ name }: { name: string }) => name, { pathOnly: true })
`,
  'config/enrichment.ts': oldConfig['config/enrichment.ts']
    .replace('import { akeneoPim }', "import { byEan, rules } from './acme'\nimport { akeneoPim }")
    .replace('[fromProperty(linkProperty),', '[byEan, fromProperty(linkProperty),')
    .replace('mapping: [', 'mapping: [...rules, '),
  'ext.config.yaml': 'as 0.1.0 had it, with an alarm of the company\n',
  'aem/api.yaml': 'kind: API\n',
}

/** Quick ones that read configurations. */
const quickTests = ['test/scripts/ext-config', 'test/scripts/security-page', 'test/plugin/destinations']

let company: Company
afterEach(() => company.close())

test('a company on 0.1.0 with a config/ of its own comes to the app of today without a conflict, and its types and tests are green', async () => {
  company = await companyOf010()
  const to = await releaseToday()
  const ran: string[][] = []

  const report = await upgrade({
    root: company.root,
    dryRun: false,
    skip: ['doctor'],
    env: undefined,
    run: programs(ran),
    progress: () => undefined,
  })

  const failed = report.steps.filter(({ status }) => status === 'failed')
  expect(failed).toEqual([])
  expect(ran[0]).toEqual(['npm', 'ci', '--no-audit', '--no-fund'])
  expect(report).toMatchObject({ from: '0.1.0', to, before: expect.any(String) })
  expect(report.plan?.files).toMatchObject({ kept: [], undecided: [], overwritten: ['ext.config.yaml'] })
  expect(report.plan?.packageEntries).toEqual({ kept: ['scripts.acme'], replaced: [] })
  const told = report.inputs.map(({ name }) => name)
  expect(told).toEqual(expect.arrayContaining(['STATUS_TOKEN', 'RECONCILE_SWEEP']))
  expect(told).not.toContain('AEM_AUTHOR_URLS')

  // All but what is the company's, or follows from it, is as it comes.
  const differing = company.git('diff', '--name-only', `refs/bridge-upgrade/v${to}`, 'HEAD')
  expect(differing.trim().split('\n')).toEqual([
    '.env.example',
    'aem/api.yaml',
    'config/acme.ts',
    'config/destinations.ts',
    'config/enrichment.ts',
    'ext.config.yaml',
    'package.json',
    'src/inputs/declared.ts',
  ])
  expect(company.git('status', '--porcelain')).toBe('')
  for (const [file, text] of Object.entries(customised)) {
    if (file.startsWith('config/')) expect(behindImports(await company.read(file))).toBe(behindImports(text))
  }
  expect(await company.read('ext.config.yaml')).not.toContain('MARKETO_')

  const checked = await runScript('tsx/dist/cli.mjs', ['scripts/check.ts', 'generated', 'inputs'], {
    cwd: company.root,
  })
  expect(checked.code === 0 ? '' : checked.output).toBe('')
}, 300_000)

/** A checkout of 0.1.0: its paths, of which few matter by what is in them. */
async function companyOf010(): Promise<Company> {
  const paths = (await fixture('files')).trim().split('\n')
  const manifest = await fixture('package.json')
  const made = await createCompany({
    ...Object.fromEntries(paths.map((path) => [path, `as 0.1.0 had it: ${path}\n`])),
    '.gitattributes': '',
    '.gitignore': '',
    '.env.example': await fixture('env.example'),
    'package.json': manifest,
  })
  await made.commit({
    ...customised,
    'package.json': manifest.replace('"scripts": {', '"scripts": {\n    "acme": "node acme.js",'),
  })
  await appendFile(join(made.root, '.git/info/exclude'), '/node_modules\n')
  await symlink(join(root, 'node_modules'), join(made.root, 'node_modules'), 'junction')
  return made
}

const fixture = (name: string): Promise<string> =>
  readFile(join(__dirname, `fixtures/0.1.0-${name}.txt`), 'utf8')

/** Makes a release of the files of this repository, as the next major version. */
async function releaseToday(): Promise<string> {
  for (const path of (await fixture('files')).trim().split('\n'))
    await rm(join(company.upstream, path), { force: true })
  await copyFiles(company.upstream)
  const manifest = await readFile(join(root, 'package.json'), 'utf8')
  const major = /"version": "(\d+)\./.exec(manifest)?.[1]
  const version = `${Number(major) + 1}.0.0`
  await company.release(`v${version}`, {
    'package.json': manifest.replace(/"version": "[^"]*"/, `"version": "${version}"`),
  })
  return version
}

/** npm is stood in for, and of the app's tests only some are run. What else the new version has is its own. */
const programs =
  (ran: string[][]): RunProcess =>
  async (program, args, options) => {
    ran.push([program, ...args])
    if (program === 'npm') return { code: 0, stdout: '', stderr: '' }
    const isTests = args.some((arg) => arg.endsWith('jest.js'))
    return runProcess(program, isTests ? [...args, ...quickTests] : args, { ...options, env: withoutJest() })
  }

const behindImports = (text: string): string => text.slice(text.lastIndexOf("from '")).replace(/^.*\n/, '')
