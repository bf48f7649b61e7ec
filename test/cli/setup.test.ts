import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

const commands = createCommands(() => ({}))
const author = 'https://author-p1-e2.adobeaemcloud.com'
const secret = 'p8e-s3cr3t'
const sas = 'https://account.blob.core.windows.net/assets?sv=2024&sig=c2lnbmF0dXJl'
/** As aio app use leaves it. */
const leftByAio = `AIO_runtime_namespace=1-bridge-stage
AIO_runtime_auth=user:key-of-runtime
IMS_OAUTH_S2S_CLIENT_ID=client
IMS_OAUTH_S2S_CLIENT_SECRET=${secret}
IMS_OAUTH_S2S_SCOPES=["openid","AdobeID"]
IMS_OAUTH_S2S_ORG_ID=x@AdobeOrg
AKENEO_URL=https://of-another-environment.example.com
`
const aioFile = (workspace: string) =>
  `{\n  project: {\n    id: "7",\n    name: "bridge",\n    org: {\n      id: "1"\n    },\n    workspace: {\n      id: "9",\n      name: "${workspace}"\n    }\n  }\n}`

async function takeWorkspace(workspace = 'Stage') {
  await writeFile(join(root, '.env'), leftByAio)
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
const everything = async () =>
  Promise.all(
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((it) => it.isFile())
      .map(async (it) => [it.name, await readFile(join(it.parentPath, it.name), 'utf8')] as const),
  )

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
    AIO_project_id: '7',
    AIO_project_name: 'bridge',
    AIO_project_org_id: '1',
    AIO_project_workspace_id: '9',
    AIO_project_workspace_name: 'Stage',
    IMS_OAUTH_S2S_CLIENT_ID: 'client',
    IMS_OAUTH_S2S_CLIENT_SECRET: secret,
    IMS_OAUTH_S2S_SCOPES: '["openid","AdobeID"]',
    IMS_OAUTH_S2S_ORG_ID: 'x@AdobeOrg',
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
  for (const value of [secret, 'c2lnbmF0dXJl', 'key-of-runtime']) {
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
  expect([again.code, again.questions, again.asked]).toEqual([0, [], []])
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
  expect([code, JSON.parse(stdout).changed]).toEqual([0, ['.env.stage', 'environments/stage.env.template']])
  expect((await readdir(root)).sort()).toEqual(['.aio', '.env'])
})

test('what a killed run has left goes away', async () => {
  await takeWorkspace()
  const part = '.env.stage.0b0d5f54-7c3c-4c58-9b1a-0b1f0c1f2a3b.part'
  await writeFile(join(root, part), 'HALF=')
  await setup(script, { env: { AZURE_BLOB_SAS_URL: sas } })
  expect((await readdir(root)).sort()).toEqual(['.aio', '.env', '.env.stage', 'environments'])
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
  expect(stdout).not.toContain('Cloud Manager')
  expect(stdout).not.toContain('Akeneo')
  expect(stdout).toContain('- REGISTRATION_MISSING: ')
  expect(stdout).not.toContain(env.AIO_runtime_auth)
  expect(code).toBe(0)
})
