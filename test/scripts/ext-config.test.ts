import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '../../scripts/command'
import { sampleConfiguration } from '../../scripts/generate/configurations'
import { declaredList } from '../../scripts/generate/declared-list'
import { extConfig } from '../../scripts/generate/ext-config'
import { boundNames, inputGroups } from '../../scripts/generate/groups'
import { type Deployment, defineDeployment } from '../../src/plugin/deployment'

const { deployment } = sampleConfiguration
const groups = () => inputGroups(sampleConfiguration)
const packageOf = async (wanted: Deployment) =>
  parse(extConfig(await groups(), defineDeployment(wanted))).runtimeManifest.packages['asset-bridge']

describe('ext.config.yaml', () => {
  test('is what the deployment of a configuration and the declarations say, with every input bound to its own name', async () => {
    const text = extConfig(await groups(), deployment)
    expect(await readFile(join(root, 'sample-config/ext.config.yaml'), 'utf8')).toBe(text)
    const { inputs } = await packageOf(deployment)
    expect(inputs).toEqual(Object.fromEntries(boundNames(await groups()).map((name) => [name, `$${name}`])))
    expect(inputs).toMatchObject({ AEM_AUTHOR_URLS: '$AEM_AUTHOR_URLS', S3_BUCKET: '$S3_BUCKET' })
    // The command line reads it, and no action.
    expect(inputs).not.toHaveProperty('AKENEO_EVENTS_URL')
  })

  test('has alarms at fixed times, or none', async () => {
    const cron = await packageOf({ alarms: { 'export-batch': { cron: '0 3 * * *' }, reconcile: 'off' } })
    expect(cron.triggers).toEqual({
      'export-batch-alarm': { feed: '/whisk.system/alarms/alarm', inputs: { cron: '0 3 * * *' } },
    })
    expect(cron.rules).toEqual({
      'export-batch-by-alarm': { trigger: 'export-batch-alarm', action: 'export-batch' },
    })
    const none = await packageOf({ alarms: { 'export-batch': 'off', reconcile: 'off' } })
    expect(none).not.toHaveProperty('triggers')
    expect(Object.keys(none.actions)).toContain('reconcile')
  })

  test('takes limits, the version of Node and the annotation for the credentials', async () => {
    const { actions } = await packageOf({
      limits: { generic: { memorySize: 512 } },
      runtime: 'nodejs:22',
      includeImsCredentials: true,
    })
    expect(actions.generic).toMatchObject({
      runtime: 'nodejs:22',
      limits: { timeout: 60_000, memorySize: 512, concurrency: 200 },
      annotations: { 'include-ims-credentials': true, 'provide-api-key': true },
    })
    for (const action of Object.values(actions))
      expect(action).toMatchObject({ annotations: { final: true } })
    expect(actions['pim-events'].annotations).not.toHaveProperty('include-ims-credentials')
  })
})

test('which hosts may be an author is known to the actions', async () => {
  const listOf = async (authorHosts: readonly string[]) =>
    declaredList(await groups(), defineDeployment({ authorHosts }))
  expect(await listOf(['dam.example.com', 'dam.example.com:8443'])).toContain(
    "export const authorHosts: readonly string[] = ['dam.example.com', 'dam.example.com:8443']\n",
  )
  expect(await listOf([])).toBe(await readFile(join(root, 'sample-config/declared-inputs.ts'), 'utf8'))
})

test.each<[string, Deployment]>([
  ['memorySize of generic', { limits: { generic: { memorySize: 64 } } }],
  ['timeout of reconcile', { limits: { reconcile: { timeout: 10_800_001 } } }],
  ['concurrency of pim-sync', { limits: { 'pim-sync': { concurrency: 1.5 } } }],
  ['minutes of reconcile', { alarms: { reconcile: { minutes: 0 } } }],
  ['https://dam.example.com', { authorHosts: ['https://dam.example.com'] }],
  ['dam.example.com/crx', { authorHosts: ['dam.example.com/crx'] }],
  ['*.example.com', { authorHosts: ['*.example.com'] }],
  ['cron of export-batch', { alarms: { 'export-batch': { cron: 'daily' } } }],
])('what cannot be deployed is refused: %s', (what, deployment) => {
  expect(() => defineDeployment(deployment)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(what) }),
  )
})
