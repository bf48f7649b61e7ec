import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startFrontDoor } from '../../sandbox/front-door'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import type { SandboxServer } from '../../sandbox/server'
import { workspaces } from '../../sandbox/workspace'
import { declaredActions } from '../../scripts/app-build'
import { type Checkout, type Ended, newcomerCheckout } from './newcomer-checkout'

type Name = keyof typeof workspaces
type Place = { sandbox: Sandbox; door: SandboxServer; env: Readonly<Record<string, string>> }

const asset = '/content/dam/shop/garden%20chair.jpg'
let checkout: Checkout
let places: Record<Name, Place>

beforeAll(async () => {
  places = { stage: await open('stage'), production: await open('production') }
  checkout = await newcomerCheckout()
  // What was cloned is a repository of git: setup looks whether secrets would get into it.
  execFileSync('git', ['init', '--quiet', '.'], { cwd: checkout.folder })
})
afterAll(async () => {
  for (const { sandbox, door } of Object.values(places ?? {})) {
    await door.close()
    await sandbox.close()
  }
  await checkout?.close()
})

async function open(name: Name): Promise<Place> {
  const sandbox = await startSandbox({ workspace: workspaces[name], registered: false, receiver: 'generic' })
  const door = await startFrontDoor({ sandbox, exporter: 'export-asset', batch: 'export-batch', isNew: true })
  return { sandbox, door, env: sandbox.newcomerEnv() }
}

/** The answers, each as an option. */
const answers = ({ sandbox }: Place): string[] => [
  ...['--aem', sandbox.aem.url, '--folder', '/content/dam/shop'],
  ...['--pim', 'mock', '--destination', 'folder', '--set', `FOLDER_ROOT=${sandbox.folder.root}`],
]
const setup = (name: Name, more: readonly string[] = [], until?: () => boolean): Promise<Ended> =>
  checkout.bridge(['setup', '--env', name, '--yes', '--json', ...more], places[name].env, until)
const deploy = (name: Name, until?: () => boolean): Promise<Ended> =>
  checkout.bridge(['deploy', '--env', name, '--yes', '--json', '--no-build'], places[name].env, until)

type Manual = { what: string; where: string }
type Result = {
  changed: string[]
  unchanged: string[]
  manual: Manual[]
  failed?: unknown
  deployed?: string[]
}
/** The result of a command that has done what it should. */
function done({ code, stdout, stderr }: Ended): Result {
  if (code !== 0) throw new Error(`exit code ${code}: ${stdout}\n${stderr}`)
  return JSON.parse(stdout)
}

const registered = (name: Name): readonly string[] =>
  places[name].sandbox.registrations
    .all()
    .map(({ name: one }) => String(one))
    .sort()
const roles = [
  'asset-bridge: edits and moves',
  'asset-bridge: edits and moves, for exports',
  'asset-bridge: processing completed',
  'asset-bridge: publications',
]

async function ask(name: Name, method: string, path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await (await fetch(`${places[name].door.url}${path}`, { method })).text())
}

/** What a deployment has bound to the actions. */
const bound = (name: Name): Record<string, unknown> => {
  const { platform, workspace } = places[name].sandbox
  return platform.actions(workspace.namespace).get('asset-bridge/generic')?.inputs ?? {}
}

test('from a checkout to an enriched and exported asset, though setup and deploy are killed on the way', async () => {
  const { sandbox } = places.stage
  const isThere = () => existsSync(join(checkout.folder, '.env.stage'))
  const hasRegistered = (count: number) => () => sandbox.registrations.all().length >= count
  expect((await setup('stage', answers(places.stage), isThere)).code).toBeNull()

  const first = done(await setup('stage', answers(places.stage)))
  expect(first.manual.map(({ where }) => where)).toContain('npm run deploy -- --env stage')
  expect(registered('stage')).toEqual([])

  expect((await deploy('stage', hasRegistered(1))).code).toBeNull()
  expect((await setup('stage', [], hasRegistered(3))).code).toBeNull()
  const deployed = done(await deploy('stage'))

  const actions = (await declaredActions()).map(({ name }) => `asset-bridge/${name}`).sort()
  expect([...(deployed.deployed ?? [])].sort()).toEqual(actions)
  expect(deployed.failed).toBeUndefined()
  expect(registered('stage')).toEqual(roles)
  expect(bound('stage').JOURNAL_URL).toBe(sandbox.journal.journalUrl)

  const again = done(await setup('stage'))
  expect(again.changed).toEqual([])
  expect(again.unchanged).toContain('.env.stage')
  expect(again.manual.map(({ where }) => where)).not.toContain('npm run deploy -- --env stage')
  await enrichAndExport('stage')
})

test('a second environment from the same checkout has nothing of the first, and ends as it did without a kill', async () => {
  expect(done(await setup('production', answers(places.production))).changed).toContain('.env.production')
  expect(done(await deploy('production')).failed).toBeUndefined()

  expect(shapeOf('production')).toEqual(shapeOf('stage'))
  const own = Object.values(places.stage.env).filter(
    (value) => !Object.values(places.production.env).includes(value),
  )
  const ofStage = [
    ...own,
    places.stage.sandbox.aem.url,
    places.stage.sandbox.folder.root,
    places.stage.sandbox.journal.journalUrl,
  ]
  expect(ofStage.length).toBeGreaterThan(8)
  const there = JSON.stringify(bound('production'))
  expect(ofStage.filter((value) => there.includes(value))).toEqual([])
  const { platform, workspace } = places.production.sandbox
  const { namespace } = workspaces.stage
  const codes = (of: ReturnType<typeof platform.actions>) =>
    [...of].map(([name, { code }]) => [name, code.toString('base64')]).sort()
  expect(codes(platform.actions(workspace.namespace))).toEqual(
    codes(places.stage.sandbox.platform.actions(namespace)),
  )
  await enrichAndExport('production')
  // What the second one has written is nothing to the first.
  expect(done(await setup('stage', ['--no-doctor'])).changed).toEqual([])
})

/** What an environment has come to, without what is its own. */
const shapeOf = (name: Name) => {
  const { registrations } = places[name].sandbox
  return {
    inputs: Object.entries(bound(name))
      .map(([input, value]) => [input, value !== ''])
      .sort(),
    registrations: roles.map((role) => {
      const { runtime_action, enabled, status } = registrations.view(role) ?? {}
      return { role, runtime_action, enabled, status, filters: registrations.filters(role).length }
    }),
  }
}

async function enrichAndExport(name: Name): Promise<void> {
  expect(await ask(name, 'POST', `/upload?path=${asset}`)).toMatchObject({
    answer: { status: 200, body: { outcome: 'updated' } },
  })
  expect(await ask(name, 'GET', `/assets?path=${asset}`)).toMatchObject({
    assetMetadata: { 'wknd-skuid': 'MockSKU 123', 'wknd-suppliername': 'mock-supplier' },
  })
  expect(await ask(name, 'POST', `/publish?path=${asset}`)).toMatchObject({
    answer: { status: 200, body: { outcome: 'done' } },
  })
  expect(await ask(name, 'GET', '/exported')).toMatchObject({ files: [{ key: 'shop/garden chair.jpg' }] })
  const missed = '/content/dam/shop/garden%20lamp.jpg'
  await ask(name, 'POST', `/upload?path=${missed}`)
  await ask(name, 'POST', `/publish?path=${missed}&push=no`)
  expect(await ask(name, 'POST', '/alarm')).toMatchObject({ outcome: 'done', failed: 0, deadLettered: 0 })
  const { files } = await ask(name, 'GET', '/exported')
  expect(files).toEqual(expect.arrayContaining([expect.objectContaining({ key: 'shop/garden lamp.jpg' })]))
}
