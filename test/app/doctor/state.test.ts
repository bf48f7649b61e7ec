import { runChecks } from '../../../src/app/doctor/checks'
import { stateChecks } from '../../../src/app/doctor/state'
import { createRedactor } from '../../../src/core/redaction'
import { cursorKey } from '../../../src/journal/cursor'
import { startCall } from '../../support/call'
import { createMemoryStore } from '../../support/memory-store'

const url = 'https://events-va6.adobe.io/events/organizations/1/integrations/2/3'
const call = startCall()

async function regionOf(held: Readonly<Record<string, string>>) {
  const regions = { amer: memory(), emea: memory(), apac: memory(), aus: memory() }
  regions.apac.before = () => {
    throw new Error('apac is down')
  }
  for (const [region, key] of Object.entries(held)) {
    if (region === 'amer' || region === 'emea') await regions[region].put(key, '{}', 60, call.signal)
  }
  const context = { store: regions.amer, inputs: { JOURNAL_URL: url, STATE_REGION: 'amer' } }
  const checks = stateChecks(context, { write: false, stateOf: (region) => regions[region] })
  const [, region] = await runChecks(checks, { redactor: createRedactor() }, call)
  return region
}
const memory = () => createMemoryStore({ now: () => 0 })

test('records of runs in another region tell that STATE_REGION is wrong', async () => {
  expect(await regionOf({ emea: cursorKey(url) })).toMatchObject({
    name: 'state.region',
    status: 'failed',
    code: 'STATE_REGION_DIFFERS',
    message: expect.stringContaining('emea'),
  })
})

test.each([[{}], [{ amer: 'run.reconcile.0' }], [{ amer: cursorKey(url), emea: cursorKey(url) }]])(
  '%j is right',
  async (held) => {
    expect(await regionOf(held)).toMatchObject({ name: 'state.region', status: 'ok' })
  },
)

test.each([
  [10, 1_000, 'ok'],
  [10, 170_000_000, 'warning'],
  [10, 900_000_000, 'failed'],
  [170_000, 1_000, 'failed'],
])('%d keys and %d bytes are %s', async (keys, bytes, status) => {
  const store = { ...memory(), used: async () => ({ keys, bytes }) }
  const checks = stateChecks({ store, inputs: {} }, { write: false, stateOf: memory })
  const results = await runChecks(checks, { redactor: createRedactor() }, call)
  const room = results.find(({ name }) => name === 'state.room')
  expect(room).toMatchObject({ status, message: expect.stringContaining(`${keys} of 200000 keys`) })
  expect(room?.code).toBe(status === 'ok' ? undefined : 'STATE_NEARLY_FULL')
})
