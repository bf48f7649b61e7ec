import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DeployService, startDeployService } from '../../sandbox/deploy-service'
import { createCommands } from '../support/commands'

const own = {
  AIO_runtime_namespace: '1-app-stage',
  AIO_runtime_auth: 'stage-id:stage-key',
  AEM_AUTHOR_URLS: 'https://author-p1-e1.adobeaemcloud.com',
  AKENEO_URL: 'https://pim.example.com',
}
const manifest = `runtimeManifest:
  packages:
    asset-bridge:
      actions:
        generic:
          function: actions/generic/index.ts
`

let service: DeployService
let root: string
const commands = createCommands(() => ({ ...own, AIO_runtime_apihost: service.url }))

beforeEach(async () => {
  service = await startDeployService({ keys: { '1-app-stage': own.AIO_runtime_auth } })
  root = await mkdtemp(join(tmpdir(), 'deploy-'))
  await writeFile(join(root, 'ext.config.yaml'), manifest)
})
afterEach(async () => {
  await service.close()
  await rm(root, { recursive: true, force: true })
})

const keepEnv = (file: string, values: Readonly<Record<string, string>>) =>
  writeFile(
    join(root, file),
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
const line = ['deploy', '--env', 'stage', '--json']

test("an author, a journal or a key that is another environment's is refused by name, before anything is done", async () => {
  await keepEnv('.env.production', {
    AIO_runtime_namespace: '1-app',
    AIO_runtime_auth: own.AIO_runtime_auth,
    AEM_AUTHOR_URLS: `${own.AEM_AUTHOR_URLS}/`,
  })

  const { code, stdout } = await commands(line, {}, { root })

  expect(code).toBe(1)
  expect(stdout).toContain('AIO_runtime_auth of .env.stage is that of .env.production.')
  expect(stdout).toContain('AEM_AUTHOR_URLS of .env.stage is that of .env.production.')
  expect(stdout).not.toContain('stage-key')
  expect(service.requests).toEqual([])
})

test('what may be shared is a warning; --shared names what is meant to be; a dry run only reads', async () => {
  await keepEnv('.env.production', {
    AIO_runtime_namespace: '1-app',
    AEM_AUTHOR_URLS: own.AEM_AUTHOR_URLS,
    AKENEO_URL: own.AKENEO_URL,
  })

  const { stdout } = await commands([...line, '--dry-run', '--shared', 'AEM_AUTHOR_URLS'], {}, { root })

  const { deployed, warnings } = JSON.parse(stdout)
  expect(deployed).toEqual(['asset-bridge/generic'])
  expect(warnings).toEqual(['AKENEO_URL of .env.stage is that of .env.production.'])
  expect(service.requests.filter(({ method }) => method !== 'GET')).toEqual([])
})

test.each([
  ['production', '1-app-stage', 'is that of a Stage workspace'],
  ['stage', '', 'are not set for stage'],
])('--env %s with the namespace %j is refused', async (name, namespace, message) => {
  const { code, stdout } = await commands(
    ['deploy', '--env', name, '--json'],
    { AIO_runtime_namespace: namespace },
    { root },
  )

  expect(code).toBe(1)
  expect(stdout).toContain(message)
})

test("Adobe's own stage is nobody's environment", async () => {
  await keepEnv('.env', { AIO_CLI_ENV: 'stage' })

  expect((await commands(line, {}, { root })).stdout).toContain('AIO_CLI_ENV means Adobe')
})

test('asks before Production, and does nothing when the answer is no', async () => {
  const { code, asked, stdout } = await commands(
    line,
    { AIO_runtime_namespace: '1-app' },
    { root, answer: false },
  )

  expect([code, JSON.parse(stdout).error.message]).toEqual([1, 'nothing was done'])
  expect(asked).toEqual([
    expect.stringMatching(/^This deploys to Production: stage, namespace 1-app, https:/),
  ])
  expect(service.requests).toEqual([])
})

test('deploys to Production only by --yes where nobody can be asked', async () => {
  const { code, stdout } = await commands(line, { AIO_runtime_namespace: '1-app' }, { root })

  expect([code, JSON.parse(stdout).error]).toEqual([
    2,
    {
      code: 'USAGE',
      message: expect.stringMatching(
        /^this deploys to Production: stage, namespace 1-app, https:.*--yes says that it is meant/,
      ),
    },
  ])
  expect(service.requests).toEqual([])
})

test('what fails is told beside what is deployed', async () => {
  service.faults.add({ method: 'GET', path: /triggers/, fault: { kind: 'status', status: 503 } })

  const { code, stdout } = await commands([...line, '--dry-run'], {}, { root })

  expect([code, JSON.parse(stdout)]).toMatchObject([
    1,
    {
      deployed: ['asset-bridge/generic'],
      failed: expect.arrayContaining([
        expect.objectContaining({ step: 'what is declared no more', code: 'RUNTIME_UNAVAILABLE' }),
      ]),
    },
  ])
})
