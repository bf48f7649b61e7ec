import { builtActions } from '../../sandbox/deployment'
import { type Sandbox, STATUS_TOKEN, startSandbox } from '../../sandbox/sandbox'
import { sampleRoot } from '../../scripts/command'
import { openMetricsType } from '../../src/runtime/open-metrics'
import { readOpenMetrics } from '../support/open-metrics'

let sandbox: Sandbox
beforeAll(async () => {
  const { status } = builtActions(sampleRoot)
  if (status === undefined) throw new Error('not built')
  sandbox = await startSandbox({ actions: { status }, logLevel: 'warn' })
})
afterAll(() => sandbox.close())

const ask = (query: string, authorization?: string) =>
  fetch(`${sandbox.runtime.webUrl('status')}${query}`, {
    headers: authorization === undefined ? {} : { authorization },
  })

test('as it is built, it answers on the web: JSON, and metrics under their own type', async () => {
  const bearer = `Bearer ${STATUS_TOKEN}`
  const [json, metrics] = [await ask('', bearer), await ask('?format=openmetrics', bearer)]

  expect([json.status, metrics.status]).toEqual([200, 200])
  expect(await json.json()).toMatchObject({ ok: true, lagSeconds: null, runs: [] })
  expect(metrics.headers.get('content-type')).toBe(openMetricsType)
  expect(readOpenMetrics(await metrics.text()).get('asset_bridge_ok')?.samples).toEqual([
    { labels: {}, value: 1 },
  ])
})

test('the token counts in the header alone, and no request sets it', async () => {
  expect((await ask('')).status).toBe(401)
  expect((await ask(`?token=${STATUS_TOKEN}`)).status).toBe(401)
  expect((await ask('?STATUS_TOKEN=a-token-of-a-stranger', 'Bearer a-token-of-a-stranger')).status).toBe(401)
})
