import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parse } from 'dotenv'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let root: string
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'setup-'))
})
afterEach(() => rm(root, { recursive: true }))

/** The steps speak with the sandbox; no action of this project is deployed there. */
const commands = createCommands(() => {
  const { IMS_URL = '', IO_EVENTS_URL = '' } = receiver.sandbox.operatorEnv()
  return { IMS_URL, IO_EVENTS_URL }
})
const credential = () => {
  const inputs = receiver.sandbox.inputs()
  return {
    IMS_OAUTH_S2S_CLIENT_ID: inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
    IMS_OAUTH_S2S_CLIENT_SECRET: inputs.ADC_CECREDENTIALS_CLIENTSECRET ?? '',
    IMS_OAUTH_S2S_SCOPES: inputs.ADC_CECREDENTIALS_METASCOPES ?? '',
    IMS_OAUTH_S2S_ORG_ID: inputs.ADC_CECREDENTIALS_ORGID ?? '',
  }
}
const projectIds = () => {
  const { AIO_project_id, AIO_project_org_id, AIO_project_workspace_id } = receiver.sandbox.operatorEnv()
  return { id: AIO_project_id, org: AIO_project_org_id, workspace: AIO_project_workspace_id }
}
const author = 'https://author-p1-e2.adobeaemcloud.com'
const sas = 'https://account.blob.core.windows.net/assets?sv=2024&sig=c2lnbmF0dXJl'
/** As aio app use leaves it. */
const leftByAio = () =>
  Object.entries({
    AIO_runtime_namespace: '1-bridge-stage',
    AIO_runtime_auth: 'user:key-of-runtime',
    ...credential(),
    AKENEO_URL: 'https://of-another-environment.example.com',
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
const aioFile = (workspace: string, url = '') =>
  `{\n  project: {\n    id: "${projectIds().id}",\n    name: "bridge",\n    org: {\n      id: "${projectIds().org}"\n    },\n    workspace: {\n      id: "${projectIds().workspace}",\n      name: "${workspace}",\n      action_url: "${url}"\n    }\n  }\n}`

async function takeWorkspace(workspace = 'Stage') {
  await writeFile(join(root, '.env'), leftByAio())
  await writeFile(join(root, '.aio'), aioFile(workspace))
}

const setup = (
  args: readonly string[],
  { env = {}, answers, answer }: { env?: Record<string, string>; answers?: string[]; answer?: boolean } = {},
) =>
  commands(['setup', '--no-doctor', ...args], env, {
    root,
    ...(answers === undefined ? {} : { answers }),
    ...(answer === undefined ? {} : { answer }),
  })

const script = [
  '--env',
  'stage',
  '--yes',
  '--json',
  '--aem',
  author,
  '--pim',
  'mock',
  '--destination',
  'azure',
]
const file = (name = '.env.stage') => readFile(join(root, name), 'utf8')
const everything = async () => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.flatMap((it) => (it.isFile() ? [relative(root, join(it.parentPath, it.name))] : []))
  return Promise.all(paths.sort().map(async (path) => [path, await file(path)] as const))
}

test('a script gives every answer; the second time nothing changes', async () => {
  await takeWorkspace()
  const env = { AZURE_BLOB_SAS_URL: sas, AKENEO_TOKEN: 'of-no-use-here' }
  const { code, stdout, stderr } = await setup(script, { env })

  expect([code, stderr]).toEqual([0, ''])
  const result = JSON.parse(stdout)
  expect(Object.keys(result)).toEqual(['changed', 'unchanged', 'manual'])
  expect(result.changed).toEqual(expect.arrayContaining(['.env.stage', 'environments/stage.env.template']))
  for (const item of result.manual) {
    expect(item).toEqual({
      what: expect.any(String),
      where: expect.any(String),
      ...('file' in item ? { file: expect.any(String) } : {}),
    })
  }
  expect(parse(await file())).toEqual({
    AIO_runtime_namespace: '1-bridge-stage',
    AIO_runtime_auth: 'user:key-of-runtime',
    AIO_project_id: projectIds().id,
    AIO_project_name: 'bridge',
    AIO_project_org_id: projectIds().org,
    AIO_project_workspace_id: projectIds().workspace,
    AIO_project_workspace_name: 'Stage',
    ...credential(),
    IMS_URL: expect.any(String),
    IO_EVENTS_URL: expect.any(String),
    AEM_AUTHOR_URLS: author,
    SETUP_FOLDERS: '/content/dam',
    PIM_COMMUNICATOR: 'mock',
    AZURE_BLOB_SAS_URL: sas,
  })
  expect((await stat(join(root, '.env.stage'))).mode & 0o777).toBe(0o600)
  const template = await file('environments/stage.env.template')
  expect(parse(template)).toMatchObject({
    AEM_AUTHOR_URLS: author,
    AZURE_BLOB_SAS_URL: `\${AZURE_BLOB_SAS_URL}`,
  })
  for (const value of [credential().IMS_OAUTH_S2S_CLIENT_SECRET, 'c2lnbmF0dXJl', 'key-of-runtime']) {
    expect(template).not.toContain(value)
    expect(stdout).not.toContain(value)
  }

  const before = await everything()
  const again = await setup(['--env', 'stage', '--yes', '--json'])
  expect([again.code, JSON.parse(again.stdout).changed]).toEqual([0, []])
  expect(await everything()).toEqual(before)
})

test('a person answers six questions, none of them twice; what is wrong is said at once', async () => {
  await takeWorkspace()
  const answers = [
    '',
    'http://author.example.com',
    author,
    '/content/dam/shop, /etc',
    '/content/dam/shop/',
    'mock',
    'azure',
    `${sas.split('?')[0]}`,
    sas,
  ]
  const { code, questions, asked, stdout, stderr } = await setup([], { answers, answer: true })

  expect([code, asked]).toEqual([0, ['Go on?']])
  expect(stderr).toContain('would change   .env.stage\n')
  expect(questions.filter(({ problem }) => problem === undefined)).toHaveLength(6)
  expect(questions.flatMap(({ problem = [] }) => problem)).toEqual([
    expect.stringContaining('https'),
    '"/etc" must be /content/dam or a folder below it',
    expect.stringMatching(/^AZURE_BLOB_SAS_URL must end with a shared access signature/),
  ])
  expect(questions.map(({ hidden = false }) => hidden).indexOf(true)).toBe(7)
  expect(parse(await file())).toMatchObject({ SETUP_FOLDERS: '/content/dam/shop', AZURE_BLOB_SAS_URL: sas })
  expect(stdout).toMatch(/^changed {8}\.env\.stage$/m)

  const again = await setup(['--env', 'stage'], { answers: [], answer: true })
  expect([again.code, again.questions]).toEqual([0, []])
  // That no action is deployed I/O Events tells only when a registration is made.
  expect(again.stderr.match(/would change(?! .*registration )/g)).toBeNull()
  expect(again.stdout).not.toMatch(/^changed/m)
})

test('who asks for another way is asked for what that one needs', async () => {
  await takeWorkspace()
  const answers = ['', 'account1', 'a2V5', 'assets']
  const { code, questions } = await setup(
    [
      '--env',
      'stage',
      '--yes',
      '--aem',
      author,
      '--folder',
      '/content/dam',
      '--pim',
      'mock',
      '--destination',
      'azure',
    ],
    { answers: ['', ...answers] },
  )
  expect(code).toBe(0)
  expect(questions.map(({ text }) => text.split(':')[0])).toEqual(
    ['SAS_URL', 'CONNECTION_STRING', 'ACCOUNT', 'KEY', 'CONTAINER'].map((name) => `AZURE_BLOB_${name}`),
  )
})

test('where nobody can be asked, all that is missing is told at once', async () => {
  const { code, stdout, stderr } = await setup(['--env', 'stage', '--pim', 'akeneo'])
  expect([code, stdout]).toEqual([2, ''])
  for (const name of [
    '--aem <origin>',
    '--destination <name>',
    'AIO_runtime_auth, a secret',
    'IMS_OAUTH_S2S_CLIENT_SECRET, a secret',
    'AKENEO_URL',
    'AKENEO_PASSWORD, a secret (or AKENEO_TOKEN)',
  ]) {
    expect(stderr).toContain(name)
  }
  expect(await readdir(root)).toEqual([])
  expect((await setup([])).stderr).toContain('--env <name> is missing')
})

test.each([
  [['--set', 'AKENEO_PASSWORD=hush-hush'], 'AKENEO_PASSWORD: it is secret'],
  [['--set', 'COLOUR=red'], '"COLOUR" is no input'],
  [['--set', 'AEM_AUTHOR_URLS=https://x.example.com'], '--aem says it'],
  [['--set', 'AKENEO_USERNAME=a$$b'], 'aio app deploy changes'],
  [['--pim', 'excel'], '"excel" is no PIM'],
  [['--destination', 'moon'], '"moon" is no destination'],
  [['--folder', '/content/dam/../etc'], '--folder:'],
  [['--aem', 'https://evil.example.com'], '--aem:'],
])('%j is wrong usage', async (more, message) => {
  await takeWorkspace()
  const { code, stderr } = await setup([...script.filter((it) => it !== '--json'), ...more])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('hush')
})

test('the workspace of another environment is refused, and nothing written', async () => {
  await takeWorkspace('Production')
  const stage = await setup(script)
  expect([stage.code, JSON.parse(stage.stdout).error]).toEqual([
    1,
    {
      code: 'REFUSED',
      message: expect.stringContaining('the workspace that is known here is Production, and --env is stage'),
    },
  ])
  await writeFile(join(root, '.aio'), aioFile('Stage', 'https://2-other-stage.adobeioruntime.net'))
  const other = await setup(script)
  expect(JSON.parse(other.stdout).error.message).toContain('is 1-bridge-stage, but .aio is of 2-other-stage')
  await rm(join(root, '.aio'))
  const production = await setup(['--env', 'production', ...script.slice(2)])
  expect(JSON.parse(production.stdout).error.message).toContain('1-bridge-stage is that of a Stage workspace')
  expect((await readdir(root)).sort()).toEqual(['.env'])
})

test('an environment that is set up stays what it is, whatever workspace is taken next', async () => {
  await takeWorkspace()
  await setup(script, { env: { AZURE_BLOB_SAS_URL: sas } })
  await takeWorkspace('Production')
  const { code, stdout } = await setup(['--env', 'stage', '--json'])
  expect([code, JSON.parse(stdout).changed]).toEqual([0, []])
})

test('the own lines of a file stay, and others read it no longer', async () => {
  const own = `# ours\nexport LOG_LEVEL='debug' # while we look\n\nMINE=1\nPIM_COMMUNICATOR=akeneo\n`
  await takeWorkspace()
  await writeFile(join(root, '.env.stage'), own)
  await setup(script, { env: { AZURE_BLOB_SAS_URL: sas } })
  expect(await file()).toMatch(new RegExp(`^${own.replace('=akeneo', '=mock')}`))
  expect((await stat(join(root, '.env.stage'))).mode & 0o777).toBe(0o600)

  await chmod(join(root, '.env.stage'), 0o644)
  const { stdout } = await setup(['--env', 'stage', '--json'])
  expect(JSON.parse(stdout).changed).toEqual(['.env.stage: for its owner alone'])
  expect((await stat(join(root, '.env.stage'))).mode & 0o777).toBe(0o600)
})

test('a reference to a secret manager stays in the template', async () => {
  await takeWorkspace()
  await mkdir(join(root, 'environments'))
  const line = 'AZURE_BLOB_SAS_URL="op://assets/azure/sas"\n'
  await writeFile(join(root, 'environments/stage.env.template'), line)
  await setup(script, { env: { AZURE_BLOB_SAS_URL: sas } })
  expect(await file('environments/stage.env.template')).toContain(line)
})

test('--dry-run writes nothing and tells what would change', async () => {
  await takeWorkspace()
  const { code, stdout } = await setup([...script, '--dry-run'], { env: { AZURE_BLOB_SAS_URL: sas } })
  expect([code, JSON.parse(stdout).changed]).toEqual([
    0,
    expect.arrayContaining(['.env.stage', 'environments/stage.env.template', 'aem/api.yaml']),
  ])
  expect((await readdir(root)).sort()).toEqual(['.aio', '.env'])
})

test('killed before, between or within any two files, a later run ends in the same state', async () => {
  await takeWorkspace()
  const env = { AZURE_BLOB_SAS_URL: sas }
  const start = await everything()
  await setup(script, { env })
  const end = await everything()
  const written = end.filter(([path]) => !start.some(([before]) => before === path))
  expect(written.length).toBeGreaterThan(5)
  for (const [path, text] of written) {
    await rm(join(root, path))
    await writeFile(join(root, `${path}.0b0d5f54-7c3c-4c58-9b1a-0b1f0c1f2a3b.part`), text.slice(0, 9))
    expect((await setup(script, { env })).code).toBe(0)
    expect(await everything()).toEqual(end)
  }
})

test('a step that fails keeps no other from its work, and a later run goes on from there', async () => {
  await takeWorkspace()
  await writeFile(join(root, 'environments'), 'in the way')
  const env = { AZURE_BLOB_SAS_URL: sas }
  const { code, stdout } = await setup(script, { env })
  const { changed, failed } = JSON.parse(stdout)
  expect([code, changed]).toEqual([1, expect.arrayContaining(['.env.stage', 'aem/api.yaml'])])
  expect(failed).toEqual([
    { step: 'template for a secret manager', code: 'UNEXPECTED', message: expect.any(String) },
  ])
  await rm(join(root, 'environments'))
  const again = await setup(script, { env })
  expect([again.code, JSON.parse(again.stdout).changed]).toEqual([0, ['environments/stage.env.template']])
})

test('a file that git would take is not written', async () => {
  await takeWorkspace()
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  const refused = await setup(script, { env: { AZURE_BLOB_SAS_URL: sas } })
  expect(JSON.parse(refused.stdout).error.message).toContain('git would take .env.stage')
  await writeFile(join(root, '.gitignore'), '.env*\n')
  expect((await setup(script, { env: { AZURE_BLOB_SAS_URL: sas } })).code).toBe(0)
})

test('a person who says no gets nothing written', async () => {
  await takeWorkspace()
  const { code, stderr } = await setup(
    ['--env', 'stage', '--aem', author, '--pim', 'mock', '--destination', 'none'],
    { answers: [''], answer: false },
  )
  expect(code).toBe(1)
  expect(stderr).toContain('nothing was done')
  expect((await readdir(root)).sort()).toEqual(['.aio', '.env'])
})

test('on the sandbox doctor finds what is left, and what it shows to be done is left out', async () => {
  const { sandbox } = receiver
  const args = [
    'setup',
    '--env',
    'stage',
    '--yes',
    '--aem',
    sandbox.aem.url,
    '--pim',
    'mock',
    '--destination',
    'folder',
  ]
  const env = sandbox.operatorEnv()
  const { code, stdout } = await commands(args, env, { root })
  expect(stdout).toMatch(/^doctor: \d+ ok, \d+ failed/m)
  expect(stdout).not.toContain('run the configuration pipeline')
  expect(stdout).not.toContain('Akeneo')
  // One thing to do, which brings the registrations and the journal.
  expect(stdout).toContain('- deploy: that ends with 4 event registrations')
  expect(stdout).not.toContain('REGISTRATION_MISSING')
  expect(stdout).not.toContain(env.AIO_runtime_auth)
  expect(code).toBe(0)
})
