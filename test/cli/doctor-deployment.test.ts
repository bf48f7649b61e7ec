import { join } from 'node:path'
import { deploymentChecks } from '../../cli/doctor-deployment'
import { type CheckResult, runChecks } from '../../src/app/doctor/checks'
import { digestsOf, type Identity } from '../../src/app/doctor/identity'
import { systemicError, transientError } from '../../src/core/errors'
import { createRedactor } from '../../src/core/redaction'
import type { Activations } from '../../src/delivery/activations'
import { codeHash } from '../../webpack/code-hash'
import { startCall } from '../support/call'

const runtimeKey = 'id:runtime-secret'
const inputs = { LOG_LEVEL: 'info', PIM_REST_HEADERS: 'x: hush' }
const here = codeHash(join(__dirname, '../..'))

/** What doctor tells when the worker answers like that; `asked` gets what it was asked. */
async function told(
  answer: (nonce: string) => unknown,
  asked: unknown[] = [],
): Promise<readonly CheckResult[]> {
  const activations: Activations = {
    start: async () => 'a',
    ask: async (action, params) => {
      asked.push(params)
      expect(action).toBe('export-worker')
      const { identify }: { identify?: { nonce: string } } = params
      return answer(identify?.nonce ?? '')
    },
  }
  const checks = deploymentChecks({ activations, inputs, runtimeKey }, [])
  return runChecks(checks, { redactor: createRedactor() }, startCall())
}

const deployedWith =
  (own: Readonly<Record<string, string>>, code = here, apiKey = runtimeKey) =>
  (nonce: string): Identity => ({ code, inputs: digestsOf(own, { apiKey, nonce }) })

const refused = (status: number) => () => {
  throw systemicError('RUNTIME_REFUSED', 'refused', { upstream: 'RUNTIME', status })
}

test('a deployment of this checkout with these inputs is what it should be', async () => {
  expect(await told(deployedWith(inputs))).toMatchObject([
    { name: 'deployment.code', status: 'ok' },
    { name: 'deployment.inputs', status: 'ok' },
  ])
})

test('other code is told, and nothing else', async () => {
  expect(await told(deployedWith(inputs, 'f'.repeat(32)))).toMatchObject([
    { status: 'warning', code: 'DEPLOYED_CODE_DIFFERS', remedy: expect.any(String) },
    { status: 'ok' },
  ])
})

test('inputs that differ are named, and their values are not', async () => {
  const [code, values] = await told(
    deployedWith({ LOG_LEVEL: 'info', PIM_REST_HEADERS: 'x: hushed', PIM_URL: 'https://pim' }),
  )
  expect(code).toMatchObject({ status: 'ok' })
  expect(values).toMatchObject({
    status: 'failed',
    code: 'DEPLOYED_INPUTS_DIFFER',
    message: expect.stringContaining('PIM_REST_HEADERS (differs), PIM_URL (deployed only).'),
  })
  expect((await told(deployedWith({ LOG_LEVEL: 'info' })))[1]?.message).toContain(
    'PIM_REST_HEADERS (not deployed).',
  )
  expect(JSON.stringify(values)).not.toMatch(/hush|https:/)
})

test.each<[string, (nonce: string) => unknown, string, string]>([
  ['an app that was never deployed', refused(404), 'skipped', 'skipped'],
  [
    'a version that does not know the question',
    () => {
      throw transientError('RUNTIME_UNAVAILABLE', 'status 502', { upstream: 'RUNTIME', status: 502 })
    },
    'warning',
    'skipped',
  ],
  ['an answer of another kind', () => ({ results: [] }), 'warning', 'skipped'],
  ['a worker with another key', deployedWith(inputs, here, 'id:other'), 'ok', 'skipped'],
  ['a platform that refuses the key', refused(401), 'failed', 'skipped'],
])('%s', async (_, answer, code, values) => {
  expect((await told(answer)).map(({ status }) => status)).toEqual([code, values])
})

test('the same values give other digests for another nonce, and for another key', async () => {
  const digests = [
    digestsOf(inputs, { apiKey: 'a', nonce: '1' }),
    digestsOf(inputs, { apiKey: 'a', nonce: '2' }),
    digestsOf(inputs, { apiKey: 'b', nonce: '1' }),
  ].flat()
  expect(new Set(digests.map(({ digest }) => digest)).size).toBe(digests.length)
  const asked: unknown[] = []
  await told(deployedWith(inputs), asked)
  await told(deployedWith(inputs), asked)
  expect(asked).toHaveLength(2)
  expect(asked[0]).not.toEqual(asked[1])
})
