import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Ajv from 'ajv'
import { parse } from 'yaml'
import { plainInputs, secretInputs } from '#declared-inputs'
import { createCommands } from '../../support/commands'

const commands = createCommands(() => ({}))
const setupCi = (...options: string[]) => commands(['setup', 'ci', '--json', ...options])
const file = '.github/workflows/deploy.yml'

const before = process.cwd()
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'setup-ci-'))
  process.chdir(folder)
})
afterEach(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true, force: true })
})

const text = (): Promise<string> => readFile(file, 'utf8')

type Step = { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> }
type Job = { if?: string; needs?: string[]; concurrency?: unknown; environment?: string; steps: Step[] }
type Workflow = { on: unknown; permissions: unknown; jobs: Record<string, Job> }

async function workflow(): Promise<Workflow> {
  const read: Workflow = parse(await text())
  return read
}

const environmentOf = ({ jobs }: Workflow, job: string) => jobs[job]?.steps.find(({ env }) => env)?.env ?? {}

/** As GitHub documents the parts that are used; anything else is a mistake. */
const texts = { type: 'object', additionalProperties: { type: 'string' } }
const object = (properties: Record<string, unknown>, ...required: string[]) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
})
const concurrency = object(
  { group: { type: 'string' }, 'cancel-in-progress': { type: ['boolean', 'string'] } },
  'group',
)
const step = object({
  name: { type: 'string' },
  // By commit, with the tag that a person reads.
  uses: { type: 'string', pattern: '^actions/(checkout|setup-node)@[0-9a-f]{40}$' },
  run: { type: 'string', pattern: '^[^$]+$' },
  with: { type: 'object', additionalProperties: { type: ['string', 'boolean'] } },
  env: texts,
})
const schema = object(
  {
    name: { type: 'string' },
    on: object({
      push: object({ branches: { type: 'array', items: { type: 'string' } } }),
      pull_request: { type: 'null' },
      release: object({ types: { enum: [['published']] } }),
    }),
    permissions: { const: { contents: 'read' } },
    concurrency,
    env: texts,
    jobs: {
      type: 'object',
      propertyNames: { pattern: '^[a-z_][a-z0-9_-]*$' },
      additionalProperties: object(
        {
          name: { type: 'string' },
          if: { type: 'string' },
          needs: { type: 'array', items: { type: 'string' } },
          'runs-on': { type: 'string' },
          'timeout-minutes': { type: 'integer' },
          environment: { enum: ['stage', 'production'] },
          concurrency,
          steps: {
            type: 'array',
            items: { ...step, oneOf: [{ required: ['uses'] }, { required: ['run'] }] },
          },
        },
        'runs-on',
        'steps',
      ),
    },
  },
  'on',
  'jobs',
)

test('writes a workflow that GitHub takes, with the least rights, and actions by commit', async () => {
  expect((await setupCi('--branch', 'release/next')).code).toBe(0)

  const read = await workflow()
  const check = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema)
  check(read)
  expect(check.errors).toBeNull()
  expect(read.on).toMatchObject({ push: { branches: ['release/next'] } })
  const used = (await text()).match(/uses: .*/g) ?? []
  expect(used.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([])
})

test('deploys what was tested and built, one deployment of an environment at a time', async () => {
  await setupCi()

  const { jobs } = await workflow()
  const runs = Object.entries(jobs).map(([name, { steps }]) => [name, steps.flatMap(({ run }) => run ?? [])])
  expect(runs).toEqual([
    ['test', ['npm ci', 'npm run check -- types lint arrows generated inputs supply', 'npm test']],
    ['build', ['npm ci', 'npm run build']],
    ['stage', ['npm ci', 'npm run deploy -- --env stage --yes']],
    ['production', ['npm ci', 'npm run deploy -- --env production --yes']],
  ])
  expect(jobs).toMatchObject({
    stage: {
      if: "github.event_name == 'push'",
      needs: ['test', 'build'],
      environment: 'stage',
      concurrency: { group: 'deploy-stage', 'cancel-in-progress': false },
    },
    production: {
      if: "github.event_name == 'release' && !github.event.release.prerelease",
      needs: ['test', 'build'],
      environment: 'production',
      concurrency: { group: 'deploy-production', 'cancel-in-progress': false },
    },
  })
})

test('hands the deployment each declared input by its name, secrets as secrets, and nothing to any other step', async () => {
  await setupCi()

  const read = await workflow()
  const workspace = {
    AIO_runtime_namespace: `\${{ vars.AIO_RUNTIME_NAMESPACE }}`,
    AIO_runtime_auth: `\${{ secrets.AIO_RUNTIME_AUTH }}`,
    AIO_project_id: `\${{ vars.AIO_PROJECT_ID }}`,
    AIO_project_org_id: `\${{ vars.AIO_PROJECT_ORG_ID }}`,
    AIO_project_workspace_id: `\${{ vars.AIO_PROJECT_WORKSPACE_ID }}`,
  }
  const expected = {
    ...workspace,
    ...Object.fromEntries(plainInputs.map((name) => [name, `\${{ vars.${name} }}`])),
    ...Object.fromEntries(secretInputs.map((name) => [name, `\${{ secrets.${name} }}`])),
  }
  expect(environmentOf(read, 'stage')).toEqual(expected)
  expect(environmentOf(read, 'production')).toEqual(expected)
  const others = Object.values(read.jobs).flatMap(({ steps }) =>
    steps.filter(({ run = '' }) => !run.startsWith('npm run deploy')),
  )
  expect(JSON.stringify(others)).not.toMatch(/[$][{][{]/)
})

test('of an environment with a file, takes the inputs of its PIM and destinations, and never a value', async () => {
  const values = {
    IMS_OAUTH_S2S_CLIENT_SECRET: 'p8e-very-secret',
    AEM_AUTHOR_URLS: 'https://author-p4711-e4712.adobeaemcloud.com',
    PIM_COMMUNICATOR: 'rest',
    PIM_REST_URL: 'https://pim.example.com',
    S3_BUCKET: 'bucket-of-stage',
    SFTP_PASSWORD: 'left-from-a-try',
    SOMETHING_ELSE: 'else',
  }
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`)
  await writeFile('.env.stage', `${lines.join('\n')}\nSTATUS_TOKEN=\n`)

  const { stdout } = await setupCi()

  const stage = Object.keys(environmentOf(await workflow(), 'stage'))
  // Inputs that are no connector's are always passed: they may be set later.
  expect(stage).toEqual(
    expect.arrayContaining(['PIM_REST_HEADERS', 'S3_SECRET_ACCESS_KEY', 'SFTP_PASSWORD', 'STATUS_TOKEN']),
  )
  const unused = ['AKENEO_TOKEN', 'AZURE_BLOB_KEY', 'SFTP_PRIVATE_KEY', 'SOMETHING_ELSE']
  expect(stage.filter((name) => unused.includes(name))).toEqual([])
  expect(Object.keys(environmentOf(await workflow(), 'production'))).toContain('AKENEO_TOKEN')
  for (const value of Object.values(values)) {
    expect(await text()).not.toContain(value)
    expect(stdout).not.toContain(`"${value}`)
  }
  expect(JSON.parse(stdout).environments.stage).toEqual({
    secrets: ['AIO_runtime_auth', 'IMS_OAUTH_S2S_CLIENT_SECRET', 'SFTP_PASSWORD'],
    variables: [
      'AIO_runtime_namespace',
      'AIO_project_id',
      'AIO_project_org_id',
      'AIO_project_workspace_id',
      'AEM_AUTHOR_URLS',
      'PIM_COMMUNICATOR',
      'PIM_REST_URL',
      'S3_BUCKET',
    ],
  })
})

test('says what is left to a person, as commands that ask for the values', async () => {
  const { stdout } = await commands(['setup', 'ci'])

  expect(stdout).toContain('The environment production, with required reviewers')
  expect(stdout).toContain('  gh variable set AEM_AUTHOR_URLS --env stage\n')
  expect(stdout).toContain('  gh secret set IMS_OAUTH_S2S_CLIENT_SECRET --env production\n')
})

test('changes nothing the second time, nor in a dry run', async () => {
  expect(JSON.parse((await setupCi('--dry-run')).stdout)).toMatchObject({ changed: [file] })
  await expect(text()).rejects.toThrow('ENOENT')
  await setupCi()
  const first = await text()

  expect(JSON.parse((await setupCi()).stdout)).toMatchObject({ changed: [], unchanged: [file] })
  expect(await text()).toBe(first)
})

test('takes --dry-run and --yes wherever they stand', async () => {
  for (const line of [
    ['setup', 'ci', '--dry-run', '--yes'],
    ['--yes', 'setup', 'ci', '--dry-run'],
  ]) {
    expect((await commands(line)).stdout).toContain('would change')
    await expect(text()).rejects.toThrow('ENOENT')
  }
})

test('replaces what it wrote before by itself, whatever git made of the line ends', async () => {
  await setupCi('--branch', 'trunk')
  await writeFile(file, (await text()).replaceAll('\n', '\r\n'))

  expect((await setupCi()).code).toBe(0)

  expect(await workflow()).toMatchObject({ on: { push: { branches: ['main'] } } })
})

test.each([
  ['a change', (written: string) => written.replace('timeout-minutes: 45', 'timeout-minutes: 90')],
  ['a file of their own', () => 'name: ours\n'],
])('keeps %s by a person, unless told otherwise', async (_what, change) => {
  await setupCi()
  const theirs = change(await text())
  await writeFile(file, theirs)

  const refused = await commands(['setup', 'ci'])
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('changed by hand')])
  expect(await text()).toBe(theirs)

  expect((await setupCi('--yes')).code).toBe(0)
  expect(await text()).not.toBe(theirs)
})

test.each(['', '-x', 'a b', 'x]\n', '$(id)'])('refuses %j as a branch', async (branch) => {
  const { code } = await setupCi(`--branch=${branch}`)

  expect(code).toBe(2)
  await expect(text()).rejects.toThrow('ENOENT')
})
