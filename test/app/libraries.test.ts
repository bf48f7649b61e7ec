import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { JsonObject } from '../../sandbox/json'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { type BuiltAction, declaredActions } from '../../scripts/app-build'

/** Texts that stand in one library only; the last one is of the app itself, so it must be awake. */
const markers = {
  azure: 'x-ms-blob-type',
  s3: 'x-amz-abort-date',
  sftp: 'SSH-2.0-',
  openwhisk: 'openwhisk-client-js',
  state: 'AIO_STATE_ENDPOINT',
  app: 'INPUT_INVALID',
}
type State = 'evaluated' | 'asleep' | 'absent'
type States = Record<keyof typeof markers, State>
type Report = { loaded: States; used?: States; answer?: JsonObject }

const asleep: States = {
  azure: 'asleep',
  s3: 'asleep',
  sftp: 'asleep',
  openwhisk: 'asleep',
  state: 'asleep',
  app: 'evaluated',
}

/** Loads a bundle in a fresh process, and runs it when there are params. */
const probe = async (name: string, params?: JsonObject): Promise<Report> => {
  const { bundle } = (await declaredActions()).find((it) => it.name === name) as BuiltAction
  const child = spawn(process.execPath, [join(__dirname, 'library-probe.cjs'), bundle], {
    env: { __OW_ACTION_NAME: `/namespace/asset-bridge/${name}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stdin.end(JSON.stringify({ markers, params }))
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output.slice(output.lastIndexOf('\n'))) as Report
}

test.each(['export-asset', 'export-worker'])(
  'loading %s evaluates no library of a destination',
  async (name) => {
    expect((await probe(name)).loaded).toEqual(asleep)
  },
)

test('generic carries no destination', async () => {
  expect((await probe('generic')).loaded).toMatchObject({ azure: 'absent', s3: 'absent', sftp: 'absent' })
})

describe('an event', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox.close())

  const published = (destination: string, inputs: JsonObject = {}) => {
    const asset = sandbox.aem.addAsset({
      path: `/content/dam/shop/${destination}.jpg`,
      assetMetadata: { exportDestination: destination, exportImmediately: 'yes' },
    })
    const event = sandbox.aem.publicationEvent('published', asset)
    return probe('export-asset', { ...sandbox.inputs(), LOG_LEVEL: 'error', ...inputs, ...event })
  }

  test('that goes well evaluates neither State nor openwhisk, nor a library of a destination it does not go to', async () => {
    const { used, answer } = await published('folder')

    expect(answer).toMatchObject({ statusCode: 200, body: { outcome: 'done' } })
    expect(used).toEqual(asleep)
  })

  // Nobody listens there: what matters is whose library was woken.
  test.each<[keyof States, JsonObject]>([
    ['azure', { AZURE_BLOB_SAS_URL: 'http://127.0.0.1:1/account/container?sv=1&sig=abc' }],
    [
      's3',
      {
        S3_BUCKET: 'bucket',
        S3_ENDPOINT: 'http://127.0.0.1:1',
        S3_ACCESS_KEY_ID: 'id',
        S3_SECRET_ACCESS_KEY: 'secret',
      },
    ],
    [
      'sftp',
      {
        SFTP_URL: 'sftp://user@127.0.0.1:1/inbox',
        SFTP_HOST_KEY_SHA256: '00'.repeat(32),
        SFTP_PASSWORD: 'secret',
      },
    ],
  ])('for %s evaluates the library of that destination, and no other', async (name, inputs) => {
    const { used, answer } = await published(name, inputs)

    expect(answer).toMatchObject({ error: { statusCode: 503 } })
    expect(used).toEqual({ ...asleep, [name]: 'evaluated' })
  })
})
