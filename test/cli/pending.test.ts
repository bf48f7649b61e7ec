import { systemClock } from '../../src/core/clock'
import { createRedactor } from '../../src/core/redaction'
import { createLetterRoom } from '../../src/delivery/letter-room'
import type { Pending } from '../../src/delivery/pending'
import { createRecordWriter } from '../../src/delivery/record-writer'
import { createRunReports } from '../../src/delivery/run-reports'
import { createStateStore } from '../../src/store/state-store'
import { createBridge } from '../support/bridge'
import { createCommands } from '../support/commands'
import { type Exporter, startExporter } from '../support/exporter'

let exporter: Exporter
beforeAll(async () => {
  exporter = await startExporter()
})
afterAll(() => exporter.close())

const bridge = createBridge(() => exporter)
/** The same without a process around it. */
const commands = createCommands(() => exporter.sandbox.operatorEnv())
const { signal } = new AbortController()

function store() {
  const { __OW_NAMESPACE: namespace, __OW_API_KEY: apiKey } = exporter.sandbox.env()
  return createStateStore({ namespace, apiKey, region: () => 'amer' })
}

/** Work that was handed to a worker, which died. */
async function strand(id: string, path: string): Promise<Pending> {
  const asset = exporter.addAsset(path)
  const pending: Pending = {
    id,
    action: 'export-asset',
    event: exporter.sandbox.aem.publicationEvent('published', asset),
    destination: 'folder',
    attempts: 1,
    since: '2030-01-02T03:04:05.000Z',
    nextTry: '2030-01-02T03:14:05.000Z',
    history: [{ at: '2030-01-02T03:04:05.000Z', code: 'FOLDER_FAILED', message: 'the disk hiccupped' }],
  }
  const parts = { clock: systemClock, redactor: createRedactor(), room: createLetterRoom() }
  await createRecordWriter(store(), parts).pending(pending, signal)
  return pending
}

describe('npm run bridge -- pending', () => {
  test('list shows what waits and why; run does it, and then nothing waits any more', async () => {
    const { id } = await strand('0123456789abcdef0123456789abcdef', '/content/dam/shop/stranded.png')
    const list = await commands(['pending', 'list'])
    expect([list.code, list.stderr]).toEqual([0, ''])
    expect(list.stdout).toContain(id)
    expect(list.stdout).toContain('FOLDER_FAILED: the disk hiccupped')
    expect(list.stdout).toMatch(/\/content\/dam\/shop\/stranded\.png {2}age -?\d+ (d|h|min)/)
    expect(JSON.parse((await commands(['pending', 'list', '--json'])).stdout)).toEqual([
      expect.objectContaining({
        id,
        attempts: 1,
        destination: 'folder',
        path: '/content/dam/shop/stranded.png',
        code: 'FOLDER_FAILED',
        age: expect.any(Number),
        tries: 1,
      }),
    ])

    const run = await commands(['pending', 'run', id], { FOLDER_ROOT: exporter.root })
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(run.stdout).toMatch(new RegExp(`^${id}  done  folder: done`))
    expect(await exporter.stored()).toHaveProperty(['shop/stranded.png'])
    expect((await bridge(['pending', 'list'])).stdout).toBe('There is no pending work.\n')
  })

  test('what is shown is masked, and what is done is not: a path may hold the text of a secret', async () => {
    const { id } = await strand('1123456789abcdef0123456789abcdef', '/content/dam/shop/hush-4711.png')
    const env = { S3_SECRET_ACCESS_KEY: 'hush-4711', FOLDER_ROOT: exporter.root }
    const list = await commands(['pending', 'list', '--json'], env)
    expect(JSON.parse(list.stdout)).toMatchObject([
      { id, event: { data: { repositoryMetadata: { 'repo:path': '/content/dam/shop/[redacted].png' } } } },
    ])
    expect(list.stdout).not.toContain('hush-4711')

    expect((await commands(['pending', 'run', id], env)).stdout).toMatch(
      new RegExp(`^${id}  done  folder: done`),
    )
    expect(await exporter.stored()).toHaveProperty(['shop/hush-4711.png'])
  })

  test('run says what still keeps it, and keeps it', async () => {
    const { id } = await strand('fedcba9876543210fedcba9876543210', '/content/dam/shop/stuck.png')
    const run = await bridge(['pending', 'run', '--all', '--json'], { FOLDER_ROOT: '/proc/nowhere' })
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('an export failed')
    expect(JSON.parse(run.stdout)).toMatchObject([{ id, ok: false, outcome: 'retry' }])
    expect(JSON.parse((await commands(['pending', 'list', '--json'])).stdout)).toMatchObject([{ id }])
  })
})

test('list and run take filters, and leave the rest alone', async () => {
  const { id: first } = await strand('a1'.repeat(16), '/content/dam/filter/one.png')
  const { id: other } = await strand('a2'.repeat(16), '/content/dam/other/two.png')
  const listed = async (...filter: string[]): Promise<string[]> => {
    const { stdout } = await commands(['pending', 'list', ...filter, '--json'])
    const found: { id: string }[] = JSON.parse(stdout)
    return found.map(({ id }) => id)
  }
  expect(await listed('--path', '/content/dam/filter/')).toEqual([first])
  expect(await listed('--destination', 'sftp')).toEqual([])
  expect(await listed('--code', 'FOLDER_FAILED')).toEqual(expect.arrayContaining([first, other]))

  const args = ['pending', 'run', '--path', '/content/dam/filter/', '--destination', 'folder', '--json']
  const { stdout } = await commands(args, { FOLDER_ROOT: exporter.root })
  expect(JSON.parse(stdout)).toMatchObject([{ id: first, ok: true }])
  expect(await listed()).toContain(other)
})

describe('npm run bridge -- runs list', () => {
  test('shows the last runs', async () => {
    await createRunReports(store(), { redactor: createRedactor() }).write(
      'export-batch',
      {
        startedAt: '2030-01-02T03:04:05.000Z',
        endedAt: '2030-01-02T03:05:05.000Z',
        outcome: 'failed',
        counts: { done: 3, parked: 1 },
        error: { code: 'AEM_UNAVAILABLE', message: 'AEM answered 503' },
      },
      signal,
    )
    const { code, stdout } = await commands(['runs', 'list'])
    expect(code).toBe(0)
    expect(stdout).toBe(
      '2030-01-02T03:04:05.000Z  export-batch  failed  60 s  done 3, parked 1\n    AEM_UNAVAILABLE: AEM answered 503\n',
    )
  })

  test('shows those of all jobs in one order, newest first', async () => {
    const reports = createRunReports(store(), { redactor: createRedactor() })
    const write = (job: string, minute: number) => {
      const at = `2030-01-02T04:0${minute}:00.000Z`
      return reports.write(job, { startedAt: at, endedAt: at, outcome: 'done', counts: {} }, signal)
    }
    await write('export-batch', 1)
    await write('reconcile', 2)
    await write('export-batch', 3)
    await write('reconcile', 4)

    const { stdout } = await commands(['runs', 'list', '--json'])

    const listed: { job: string; startedAt: string }[] = JSON.parse(stdout)
    expect(listed.slice(0, 4).map(({ job, startedAt }) => `${startedAt.slice(11, 16)} ${job}`)).toEqual([
      '04:04 reconcile',
      '04:03 export-batch',
      '04:02 reconcile',
      '04:01 export-batch',
    ])
  })
})
