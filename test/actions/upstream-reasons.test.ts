import type { Fault } from '../../sandbox/faults'
import { toAzureError } from '../../src/connectors/azure/errors'
import { toHttpsError } from '../../src/connectors/https/errors'
import { toSftpError } from '../../src/connectors/kit/sftp/errors'
import { toIdentityError, toStatusError } from '../../src/connectors/marketo/errors'
import { toS3Error } from '../../src/connectors/s3/errors'
import { journalProblem } from '../../src/journal/page'
import { errorOf, type Receiver, startReceiver } from '../support/receiver'

const gateway = { error_code: '403003', message: 'Api Key is invalid' }
const status = (code: number, body: unknown): Fault => ({ kind: 'status', status: code, body })

describe('what another system says', () => {
  let receiver: Receiver
  let count = 0
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterEach(() => {
    for (const { faults } of [receiver.sandbox.aem, receiver.sandbox.ims, receiver.sandbox.state])
      faults.clear()
    receiver.sandbox.pim.faults.clear()
  })
  afterAll(() => receiver.close())

  const upload = () => receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/reason-${++count}.png` })
  const answered = async (inputs = {}) =>
    errorOf(await receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(upload()), { inputs }))

  test.each(['GET', 'PATCH'])('a 403 of the gateway names the four places to look: %s', async (method) => {
    receiver.sandbox.aem.faults.add({ method, path: '/adobe/assets/', fault: status(403, gateway) })
    const { statusCode, body } = await answered()
    expect([statusCode, body.code]).toEqual([503, 'AEM_FORBIDDEN'])
    expect(body.message).toContain('(it says: 403003: Api Key is invalid)')
    for (const place of [
      'AEM_API_KEY',
      'allowedClientIDs',
      'ADC_CECREDENTIALS_METASCOPES',
      'product profile',
    ])
      expect(body.message).toContain(place)
  })

  test('the log has it, too', async () => {
    const lines: string[] = []
    const spy = jest.spyOn(console, 'log').mockImplementation((...parts) => void lines.push(parts.join(' ')))
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      lines.push(String(text))
      return true
    })
    try {
      await answered({ AEM_API_KEY: 'stranger', LOG_LEVEL: 'warn' })
    } finally {
      spy.mockRestore()
      write.mockRestore()
    }
    expect(lines.join('\n')).toContain('Api Key is invalid')
  })

  test('a client id that AEM does not allow', async () => {
    expect((await answered({ AEM_API_KEY: 'stranger' })).body.message).toContain('Api Key is invalid')
  })

  test('an author that is down says so by the title of its page', async () => {
    const page = '<html><head><title>Environment is hibernated</title></head></html>'
    receiver.sandbox.aem.faults.add({ method: 'GET', fault: status(503, page) })
    expect((await answered()).body.message).toContain('(it says: Environment is hibernated)')
  })

  test('IMS, of a wrong secret', async () => {
    const body = { error: 'invalid_client', error_description: 'invalid client_secret parameter' }
    receiver.sandbox.ims.faults.add({ fault: status(401, body) })
    const answer = await answered({ ADC_CECREDENTIALS_CLIENTSECRET: 'another-secret' })
    expect(answer.body.message).toContain('invalid_client: invalid client_secret parameter')
  })

  test('a PIM, without the secret that it repeats', async () => {
    const key = receiver.sandbox.pim.apiKey
    receiver.sandbox.pim.faults.add({ fault: status(403, { error: `the key ${key} may not read products` }) })
    const { body } = await answered({
      PIM_COMMUNICATOR: 'rest',
      PIM_REST_URL: `${receiver.sandbox.pim.url}/products/{identifier}`,
      PIM_REST_HEADERS: `X-Api-Key: ${key}`,
    })
    expect(body).toMatchObject({ code: 'PIM_UNAUTHORIZED' })
    expect(body.message).toContain('may not read products')
    expect(body.message).not.toContain(key)
  })

  test('State, when a dead letter cannot be written', async () => {
    receiver.sandbox.state.faults.add({
      method: 'PUT',
      fault: status(403, { error: 'the quota is used up' }),
    })
    const { body } = errorOf(await receiver.invoke({ id: 'no type' }))
    expect(body.message).toContain('STATE_REFUSED')
    expect(body.message).toContain('(it says: the quota is used up)')
  })
})

describe('what a destination or a journal says stands in the message', () => {
  const answer = (code: number, text: string) => ({ status: code, headers: new Map<string, string>(), text })
  const azure = Object.assign(new Error('https://a/?sig=secret'), {
    statusCode: 412,
    response: {
      headers: { get: (name: string) => (name === 'x-ms-error-code' ? 'LeaseIdMissing' : undefined) },
      bodyAsText: '<Error><Code>LeaseIdMissing</Code><Message>There is currently a lease</Message></Error>',
    },
  })
  const s3 = Object.assign(new Error('User is not authorized to perform s3:PutObject'), {
    name: 'AccessDenied',
    $fault: 'client',
    $metadata: { httpStatusCode: 403 },
  })
  const sftp = Object.assign(new Error('Quota of 5 GB exceeded'), { code: 4 })

  test.each([
    [
      'Azure',
      toAzureError(azure, { now: 0, inputs: 'AZURE_BLOB', hostInput: 'AZURE_BLOB_SAS_URL' }),
      'There is currently a lease',
    ],
    ['S3', toS3Error(s3, 0, 'S3'), 'not authorized to perform s3:PutObject'],
    ['SFTP', toSftpError(4, 'a.png', sftp), 'Quota of 5 GB exceeded'],
    [
      'HTTPS',
      toHttpsError(answer(403, '{"detail":"the folder is read-only"}'), 0, 'HTTPS'),
      'folder is read-only',
    ],
    [
      'WebDAV',
      toHttpsError(
        answer(409, '<d:error xmlns:s="x"><s:message>No such folder</s:message></d:error>'),
        0,
        'HTTPS',
      ),
      'No such folder',
    ],
    [
      'Marketo',
      toStatusError(answer(503, '<html><title>Maintenance</title></html>'), 0, 'MARKETO'),
      'Maintenance',
    ],
    [
      'Marketo, the identity',
      toIdentityError(
        answer(401, '{"error":"unauthorized","error_description":"Bad client credentials"}'),
        0,
        'MARKETO',
      ),
      'unauthorized: Bad client credentials',
    ],
    [
      'I/O Events',
      journalProblem(answer(403, '{"error":"x-ims-org-id is not the organization"}')),
      'x-ims-org-id is not',
    ],
  ])('%s', (_, error, reason) => {
    expect(error.message).toMatch(/\(it says: .+\)/)
    expect(error.message).toContain(reason)
  })
})
