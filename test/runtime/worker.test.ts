import type { Outcome } from '../../src/flows/outcome'
import { createWorker } from '../../src/runtime/worker'

const secret = 'hush-hush-4711'
const params = { LOG_LEVEL: 'error', S3_SECRET_ACCESS_KEY: secret }
const outcome: Outcome = {
  kind: 'exported',
  asset: {
    name: 'lamp.png',
    path: `/content/dam/${secret}/lamp.png`,
    id: 'urn:aaid:aem:1',
    origin: 'https://a',
  },
  destinations: [
    { destination: 's3', kind: 'done', files: [{ key: `${secret}/lamp.png`, outcome: 'stored', bytes: 40 }] },
  ],
}
const id = 'a'.repeat(32)
const main = createWorker('export-worker', {
  works: async () => [outcome, null],
  backfill: async () => [{ outcomes: [outcome] }, null],
  doctor: async (write) => [{ name: 'pim.access', status: 'failed', message: `${secret} ${write}` }],
  identify: async (nonce) => ({ code: nonce, inputs: [] }),
  pending: async () => [
    { id, outcome: { kind: 'skipped', reason: `the asset ${secret} is discarded`, asset: outcome.asset } },
  ],
})

test('what a run goes on with comes back from a worker as it was, a path with the text of a secret included', async () => {
  const works = [{ action: 'export-asset', event: {} }]
  expect(await main({ ...params, works })).toEqual({ statusCode: 200, body: { outcomes: [outcome, null] } })
})

test('what a worker tells about pending work is masked', async () => {
  const answer = await main({ ...params, pending: [id] })
  expect(answer).toMatchObject({
    body: { results: [{ message: 'skipped: the asset [redacted] is discarded' }] },
  })
})

test('what a worker finds for doctor is masked', async () => {
  expect(await main({ ...params, doctor: { write: true } })).toEqual({
    statusCode: 200,
    body: { checks: [{ name: 'pim.access', status: 'failed', message: '[redacted] true' }] },
  })
})

test('a worker tells what it was deployed from to who asks with a nonce', async () => {
  const nonce = 'f'.repeat(32)
  expect(await main({ ...params, identify: { nonce } })).toEqual({
    statusCode: 200,
    body: { code: nonce, inputs: [] },
  })
  expect(await main({ ...params, identify: { nonce: 'short' } })).toMatchObject({
    error: { statusCode: 503 },
  })
})
