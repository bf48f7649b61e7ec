import { createBridge } from '../support/bridge'
import { createCommands } from '../support/commands'
import { bodyOf, type Receiver, startReceiver } from '../support/receiver'

const bridge = createBridge(() => receiver)
/** The same without a process around it. */
const commands = createCommands(() => receiver.sandbox.operatorEnv())
let receiver: Receiver
let count = 0

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

/** An asset that was gone when its event came, and is back. */
async function deadLetter(): Promise<{ id: string; assetId: string }> {
  const path = `/content/dam/shop/lost-${++count}.png`
  const asset = receiver.sandbox.aem.addAsset({ path })
  receiver.sandbox.aem.faults.add({
    path: `/adobe/assets/${asset.id}`,
    times: 1,
    fault: { kind: 'status', status: 404 },
  })
  const body = bodyOf(await receiver.invoke(receiver.sandbox.aem.processingCompletedEvent(asset)))
  return { id: String(body.deadLetter), assetId: asset.id }
}

async function putInState(key: string, value: string): Promise<void> {
  const { init } = await import('@adobe/aio-lib-state')
  const { __OW_NAMESPACE: namespace = '', __OW_API_KEY: auth = '' } = receiver.sandbox.env()
  const state = await init({ ow: { namespace, auth } })
  await state.put(key, value)
}

describe('npm run bridge -- dead-letters', () => {
  test('list names each with its reason; show gives the event; drop forgets it', async () => {
    const { id, assetId } = await deadLetter()
    const list = await commands(['dead-letters', 'list'])
    expect([list.code, list.stderr]).toEqual([0, ''])
    expect(list.stdout).toContain(id)
    expect(list.stdout).toContain('ASSET_NOT_FOUND')

    const show = JSON.parse((await commands(['dead-letters', 'show', id, '--json'])).stdout)
    expect(show).toMatchObject({ id, action: 'generic', event: { data: { assetId } } })

    expect((await commands(['dead-letters', 'drop', id, '--yes'])).code).toBe(0)
    expect(JSON.parse((await commands(['dead-letters', 'list', '--json'])).stdout)).not.toContainEqual(
      expect.objectContaining({ id }),
    )
  })

  test('show is masked, and replay takes what came: an id may hold the text of a secret', async () => {
    const { id, assetId } = await deadLetter()
    const env = { S3_SECRET_ACCESS_KEY: assetId.slice(-12) }
    const show = await commands(['dead-letters', 'show', id, '--json'], env)
    expect(JSON.parse(show.stdout)).toMatchObject({
      event: { data: { assetId: assetId.replace(assetId.slice(-12), '[redacted]') } },
    })
    const replay = await commands(['dead-letters', 'replay', id, '--json'], env)
    expect(JSON.parse(replay.stdout)).toMatchObject([{ ok: true, outcome: 'updated' }])
  })

  test('replay does the work by the same flow and removes the letter', async () => {
    const { id, assetId } = await deadLetter()
    const replay = await bridge(['dead-letters', 'replay', id, '--json'])
    expect(JSON.parse(replay.stdout)).toEqual([expect.objectContaining({ id, ok: true, outcome: 'updated' })])
    expect([replay.code, replay.stderr]).toEqual([0, ''])
    expect(receiver.sandbox.aem.asset(assetId).assetMetadata).toMatchObject({ 'wknd-skuid': 'MockSKU 123' })
    expect((await receiver.deadLetters()).map(({ key }) => key)).not.toContain(`dead-letter.${id}`)
  })

  test('replay of an event that is too deep fails with the reason, and the next one has its turn', async () => {
    const { id } = await deadLetter()
    const deep = 'd'.repeat(32)
    const [{ event, key, ...letter } = { event: {}, key: '' }] = await receiver.deadLetters()
    const more = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
    const json = JSON.stringify({ ...letter, id: deep }).slice(0, -1)
    await putInState(`dead-letter.${deep}`, `${json},"event":{"type":"x","more":${more}}}`)
    const replay = await commands(['dead-letters', 'replay', deep, id, '--json'])

    expect(JSON.parse(replay.stdout)).toEqual([
      expect.objectContaining({ id: deep, ok: false, message: expect.stringContaining('EVENT_MALFORMED') }),
      expect.objectContaining({ id, ok: true }),
    ])
    expect((await commands(['dead-letters', 'drop', deep, '--yes'])).code).toBe(0)
  })

  test('replay of what still fails keeps the letter and exits 1 with the reason', async () => {
    const { id, assetId } = await deadLetter()
    receiver.sandbox.aem.removeAsset(assetId)
    const replay = await commands(['dead-letters', 'replay', id])
    expect(replay.code).toBe(1)
    expect(replay.stdout).toContain('ASSET_NOT_FOUND')
    expect((await receiver.deadLetters()).map(({ key }) => key)).toContain(`dead-letter.${id}`)
  })

  test('drop asks before it forgets, and does nothing when the answer is no or nobody is there', async () => {
    const { id } = await deadLetter()
    const alone = await commands(['dead-letters', 'drop', id])
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--yes says that it is meant')])

    const refused = await commands(['dead-letters', 'drop', id], {}, { answer: false })
    expect([refused.code, refused.stderr, refused.stdout]).toEqual([1, 'nothing was done\n', ''])
    expect(refused.asked).toEqual([expect.stringContaining(id)])
    expect((await receiver.deadLetters()).map(({ key }) => key)).toContain(`dead-letter.${id}`)

    expect((await commands(['dead-letters', 'drop', id], {}, { answer: true })).code).toBe(0)
    expect((await receiver.deadLetters()).map(({ key }) => key)).not.toContain(`dead-letter.${id}`)
  })

  test('without the credentials of I/O Runtime says where they come from', async () => {
    const { code, stderr } = await bridge(['dead-letters', 'list'], {
      AIO_runtime_namespace: '',
      AIO_runtime_auth: '',
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^STATE_WITHOUT_CREDENTIALS: .*aio app use/)
  })
})
