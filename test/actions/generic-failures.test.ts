import type { Fault } from '../../sandbox/faults'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
let count = 0

beforeAll(async () => {
  receiver = await startReceiver()
})
afterEach(() => {
  for (const { faults } of [receiver.sandbox.aem, receiver.sandbox.ims, receiver.sandbox.state])
    faults.clear()
})
afterAll(() => receiver.close())

const upload = () => receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/chair-${++count}.png` })
const eventOf = (asset: { id: string }) => receiver.sandbox.aem.processingCompletedEvent(asset)

describe('AEM in trouble ends as a retryable answer before the time is up', () => {
  const troubles: [string, Fault, string][] = [
    ['429', { kind: 'status', status: 429 }, 'AEM_UNAVAILABLE'],
    [
      '429 with a long Retry-After',
      { kind: 'status', status: 429, headers: { 'retry-after': '600' } },
      'AEM_UNAVAILABLE',
    ],
    ['500', { kind: 'status', status: 500 }, 'AEM_UNAVAILABLE'],
    [
      '503 with a date to come back',
      { kind: 'status', status: 503, headers: { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' } },
      'AEM_UNAVAILABLE',
    ],
    ['reset connections', { kind: 'reset' }, 'AEM_UNREACHABLE'],
    ['cut answers', { kind: 'cut' }, 'AEM_'],
    ['a login page', { kind: 'html' }, 'AEM_NOT_JSON'],
    ['nothing at all', { kind: 'hang' }, 'TIME_IS_UP'],
    ['401 to every token', { kind: 'status', status: 401 }, 'AEM_UNAUTHORIZED'],
    ['403', { kind: 'status', status: 403 }, 'AEM_FORBIDDEN'],
  ]

  test.each(troubles)('%s', async (_name, fault, code) => {
    receiver.sandbox.aem.faults.add({ path: '/adobe/assets', fault })
    const leftMs = 4_000
    const started = Date.now()
    const { statusCode, body } = errorOf(await receiver.invoke(eventOf(upload()), { leftMs }))
    expect(Date.now() - started).toBeLessThan(leftMs)
    expect(statusCode).toBe(503)
    expect(body.code).toMatch(new RegExp(`^${code}`))
    expect(typeof body.message).toBe('string')
  })

  test('trouble that passes is waited out within the same event', async () => {
    const asset = upload()
    receiver.sandbox.aem.faults.add({
      path: '/adobe/assets',
      times: 1,
      fault: { kind: 'status', status: 500 },
    })
    receiver.sandbox.aem.faults.add({ path: '/adobe/assets', times: 1, fault: { kind: 'reset' } })
    expect(bodyOf(await receiver.invoke(eventOf(asset))).outcome).toBe('updated')
  })

  test('a PATCH whose answer is lost is found done, not done twice', async () => {
    const asset = upload()
    receiver.sandbox.aem.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'resetAfter' } })
    const body = bodyOf(await receiver.invoke(eventOf(asset)))
    expect(body.outcome).toBe('unchanged')
    expect(receiver.sandbox.aem.asset(asset.id).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
  })

  test('a token that was revoked is replaced once, and the event goes through', async () => {
    await receiver.invoke(eventOf(upload()))
    receiver.sandbox.ims.revokeAll()
    const before = receiver.sandbox.ims.tokensIssued()
    expect(bodyOf(await receiver.invoke(eventOf(upload()))).outcome).toBe('updated')
    expect(receiver.sandbox.ims.tokensIssued()).toBe(before + 1)
  })
})

describe('an activation with no time left', () => {
  test('answers 503 instead of starting', async () => {
    const { statusCode, body } = errorOf(await receiver.invoke(eventOf(upload()), { leftMs: -1_000 }))
    expect([statusCode, body.code]).toEqual([503, 'TIME_IS_UP'])
  })
})

describe('what can never work', () => {
  test('an asset that is gone ends as a dead letter and 200', async () => {
    const asset = upload()
    const event = eventOf(asset)
    receiver.sandbox.aem.removeAsset(asset.id)
    const body = bodyOf(await receiver.invoke(event))
    expect(body).toMatchObject({ outcome: 'dead-letter', code: 'ASSET_NOT_FOUND' })
    const letter = (await receiver.deadLetters()).find(({ key }) => key === `dead-letter.${body.deadLetter}`)
    expect(letter).toMatchObject({
      action: 'generic',
      error: { code: 'ASSET_NOT_FOUND' },
      event: { id: event.id, type: event.type },
    })
  })

  test('the same event again is the same dead letter', async () => {
    const asset = upload()
    const event = eventOf(asset)
    receiver.sandbox.aem.removeAsset(asset.id)
    const [first, second] = [bodyOf(await receiver.invoke(event)), bodyOf(await receiver.invoke(event))]
    expect(second.deadLetter).toBe(first.deadLetter)
  })

  test('a malformed event ends as a dead letter, even when the inputs are wrong', async () => {
    const body = bodyOf(await receiver.invoke({ id: '1', type: 7 }, { inputs: { AEM_AUTHOR_URLS: '' } }))
    expect(body).toMatchObject({ outcome: 'dead-letter', code: 'EVENT_MALFORMED' })
  })

  test('a property that the schema refuses ends as a dead letter that names it', async () => {
    receiver.sandbox.aem.faults.add({
      method: 'PATCH',
      fault: {
        kind: 'status',
        status: 400,
        body: { title: 'Bad Request', detail: 'wknd-skuid is read-only' },
      },
    })
    const body = bodyOf(await receiver.invoke(eventOf(upload())))
    expect(body.code).toBe('METADATA_REFUSED')
    expect(body.reason).toContain('wknd-skuid is read-only')
  })

  test('is answered 503 while the dead letter cannot be written', async () => {
    receiver.sandbox.state.faults.add({ fault: { kind: 'status', status: 503 } })
    const { statusCode, body } = errorOf(await receiver.invoke({ id: 'x' }))
    expect(statusCode).toBe(503)
    expect(body.code).toBe('DEAD_LETTER_NOT_WRITTEN')
  })

  test('is answered 503 in time when State hangs', async () => {
    receiver.sandbox.state.faults.add({ fault: { kind: 'hang' } })
    expect(errorOf(await receiver.invoke({ id: 'y' }, { leftMs: 2_000 })).statusCode).toBe(503)
  })
})

describe('the happy path', () => {
  test('does not touch State', async () => {
    const before = receiver.sandbox.state.requests.length
    await receiver.invoke(eventOf(upload()))
    expect(receiver.sandbox.state.requests.length).toBe(before)
  })

  test('costs one token for 50 events, and one GET and one PATCH each', async () => {
    await receiver.invoke(eventOf(upload()))
    const before = receiver.sandbox.ims.tokensIssued()
    const aemBefore = receiver.sandbox.aem.requests.length
    const assets = Array.from({ length: 50 }, upload)
    const answers = await Promise.all(assets.map((asset) => receiver.invoke(eventOf(asset))))
    expect(answers.map((answer) => bodyOf(answer).outcome)).toEqual(assets.map(() => 'updated'))
    expect(receiver.sandbox.ims.tokensIssued()).toBe(before)
    const requests = receiver.sandbox.aem.requests.slice(aemBefore).map(({ method }) => method)
    expect(requests.filter((method) => method === 'GET')).toHaveLength(50)
    expect(requests.filter((method) => method === 'PATCH')).toHaveLength(50)
  })
})
