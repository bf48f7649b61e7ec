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
    expect(list.stdout).toMatch(/\/content\/dam\/shop\/lost-\d+\.png {2}age 0 min, tries: 1, events: 1/)
    const listed = JSON.parse((await commands(['dead-letters', 'list', '--json'])).stdout)
    expect(listed).toContainEqual({
      id,
      at: expect.any(String),
      since: expect.any(String),
      action: 'generic',
      code: 'ASSET_NOT_FOUND',
      message: expect.any(String),
      path: expect.stringMatching(/lost-\d+\.png$/),
      age: expect.any(Number),
      tries: 1,
      count: 1,
    })

    const show = JSON.parse((await commands(['dead-letters', 'show', id, '--json'])).stdout)
    expect(show).toMatchObject({ id, action: 'generic', count: 1, event: { data: { assetId } } })
    expect(show).not.toHaveProperty('seen')

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

  test('list decodes no event of a letter, and shows what letters of versions before tell', async () => {
    const [before, now] = ['b'.repeat(32), 'c'.repeat(32)]
    const at = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString()
    const error = { code: 'S3_REFUSED', message: 'no' }
    const letter = { action: 'export-asset', at, destination: 's3', error }
    const object = { 'xdmAsset:path': '/content/dam/of before.png' }
    const event = { '@type': 'xdmPublished', 'activitystreams:object': object }
    await putInState(`dead-letter.${before}`, JSON.stringify({ ...letter, id: before, event }))
    const path = '/content/dam/of its head.png'
    await putInState(
      `dead-letter.${now}`,
      JSON.stringify({ ...letter, id: now, path, tries: 5, count: 300, event: { event } }),
    )

    const { stdout } = await commands(['dead-letters', 'list'])
    expect(stdout).toContain('/content/dam/of before.png  s3  age 3 d, tries: 1, events: 1')
    expect(stdout).toContain(`${path}  s3  age 3 d, tries: 5, events: 300`)
    const listed = JSON.parse((await commands(['dead-letters', 'list', '--json'])).stdout)
    expect(listed).toContainEqual(
      expect.objectContaining({ id: now, path, destination: 's3', tries: 5, count: 300, since: at }),
    )
    expect((await commands(['dead-letters', 'drop', before, now, '--yes'])).code).toBe(0)
  })

  test('replay twice does nothing more: the second finds no letter, or an asset that is up to date', async () => {
    const { id } = await deadLetter()
    const key = `dead-letter.${id}`
    const letter = receiver.sandbox.state.value(key) ?? ''
    const patches = () => receiver.sandbox.aem.requests.filter(({ method }) => method === 'PATCH').length
    expect((await commands(['dead-letters', 'replay', id])).code).toBe(0)
    const written = patches()

    const again = await commands(['dead-letters', 'replay', id, '--json'])
    expect([again.code, JSON.parse(again.stdout)]).toMatchObject([1, [{ id, ok: false }]])
    // As two operators who replay at once.
    await putInState(key, letter)
    const other = await commands(['dead-letters', 'replay', id, '--json'])
    expect([other.code, JSON.parse(other.stdout)]).toMatchObject([
      0,
      [{ id, ok: true, outcome: 'unchanged' }],
    ])
    expect(patches()).toBe(written)
    expect(receiver.sandbox.state.value(key)).toBeUndefined()
  })

  test('a letter of a version before is replayed; it stays when it fails again, and can be dropped', async () => {
    const { aem } = receiver.sandbox
    const event = aem.processingCompletedEvent(aem.addAsset({ path: '/content/dam/shop/of before.png' }))
    const gone = aem.addAsset({ path: '/content/dam/shop/gone.png' })
    const missing = aem.processingCompletedEvent(gone)
    aem.removeAsset(gone.id)
    const [works, fails] = ['d'.repeat(32), 'e'.repeat(32)]
    const error = { code: 'X', message: 'x' }
    const letter = { action: 'generic', at: '2030-01-01T00:00:00Z', error }
    await putInState(`dead-letter.${works}`, JSON.stringify({ ...letter, id: works, event }))
    await putInState(`dead-letter.${fails}`, JSON.stringify({ ...letter, id: fails, event: missing }))

    const { code, stdout } = await commands(['dead-letters', 'replay', works, fails, '--json'])
    expect(code).toBe(1)
    const message = expect.stringMatching(/ASSET_NOT_FOUND: .* \(see also the dead letter [0-9a-f]{32}\)$/)
    expect(JSON.parse(stdout)).toMatchObject([
      { id: works, ok: true },
      { id: fails, ok: false, message },
    ])
    const letters = await receiver.deadLetters()
    expect(letters.map(({ key }) => key)).not.toContain(`dead-letter.${works}`)
    expect(letters).toContainEqual(expect.objectContaining({ key: `dead-letter.${fails}` }))
    expect(letters).toContainEqual(expect.objectContaining({ path: '/content/dam/shop/gone.png', count: 1 }))
    expect((await commands(['dead-letters', 'drop', fails, '--yes'])).code).toBe(0)
  })

  test('drop keeps the same event from coming back, and says so', async () => {
    const asset = receiver.sandbox.aem.addAsset({ path: `/content/dam/shop/dropped-${++count}.png` })
    const event = receiver.sandbox.aem.processingCompletedEvent(asset)
    receiver.sandbox.aem.removeAsset(asset.id)
    const { deadLetter } = bodyOf(await receiver.invoke(event))
    const dropped = await commands(['dead-letters', 'drop', String(deadLetter), '--yes', '--json'])
    expect(JSON.parse(dropped.stdout)).toEqual([
      { id: deadLetter, ok: true, outcome: 'dropped', message: 'its events make no letter for eight days' },
    ])
    expect(bodyOf(await receiver.invoke(event))).toMatchObject({
      outcome: 'skipped',
      reason: expect.stringContaining('its dead letter was dropped'),
    })
    // By hand it is tried all the same: the letter of a version before stands for it.
    const old = 'ab'.repeat(16)
    const letter = {
      id: old,
      action: 'generic',
      at: '2030-01-01T00:00:00Z',
      error: { code: 'X', message: 'x' },
    }
    await putInState(`dead-letter.${old}`, JSON.stringify({ ...letter, event }))
    expect((await commands(['dead-letters', 'replay', old])).stdout).toContain(
      `${old}  failed  ASSET_NOT_FOUND`,
    )
    expect((await commands(['dead-letters', 'drop', old, String(deadLetter), '--yes'])).code).toBe(0)
    expect(bodyOf(await receiver.invoke(event))).toMatchObject({ outcome: 'skipped' })
    const newer = { ...event, id: 'newer', time: new Date(Date.now() + 60_000).toISOString() }
    expect(bodyOf(await receiver.invoke(newer))).toMatchObject({ outcome: 'dead-letter', deadLetter })
  })

  test('drop of an event that says it is of the future silences what fails later for a day at most', async () => {
    const path = `/content/dam/shop/future-${++count}.png`
    const event = {
      type: 'aem.assets.asset.processing_completed',
      source: 'clock-ahead',
      id: 'ahead',
      time: '9999-01-01T00:00:00Z',
      data: { repositoryMetadata: { 'repo:path': path } },
    }
    const { deadLetter } = bodyOf(await receiver.invoke(event))
    expect((await commands(['dead-letters', 'drop', String(deadLetter), '--yes'])).code).toBe(0)
    const time = new Date(Date.now() + 25 * 3_600_000).toISOString()

    expect(bodyOf(await receiver.invoke({ ...event, id: 'later', time }))).toMatchObject({
      outcome: 'dead-letter',
    })
    expect(bodyOf(await receiver.invoke(event))).toMatchObject({ outcome: 'skipped' })
  })

  test('drop of work of pim-sync leaves no mark: the next change of the product is a letter again', async () => {
    const id = 'f'.repeat(32)
    const event = {
      source: 'https://author',
      id: '/content/dam/a.png',
      asset: { path: '/content/dam/a.png' },
    }
    const letter = {
      id,
      action: 'pim-sync',
      at: new Date().toISOString(),
      error: { code: 'X', message: 'x' },
      event,
    }
    await putInState(`dead-letter.${id}`, JSON.stringify(letter))
    const before = receiver.sandbox.state.keys().filter((key) => key.startsWith('dropped.'))
    expect((await commands(['dead-letters', 'drop', id, '--yes'])).code).toBe(0)
    expect(receiver.sandbox.state.keys().filter((key) => key.startsWith('dropped.'))).toEqual(before)
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

describe('filters', () => {
  const hour = 3_600_000
  const ids = ['1a', '2a', '3a', '4a'].map((it) => it.repeat(16))
  const [s3, s3Old, sftp, generic] = ids

  beforeAll(async () => {
    const letter = (id = '', more: object) => {
      const at = new Date(Date.now() - hour).toISOString()
      const event = { type: 'aem.assets.asset.published', data: { repositoryMetadata: {} } }
      const usual = { id, action: 'export-asset', at, event, error: { code: 'S3_REFUSED', message: 'no' } }
      return putInState(`dead-letter.${id}`, JSON.stringify({ ...usual, ...more }))
    }
    const old = new Date(Date.now() - 100 * hour).toISOString()
    await letter(s3, { path: '/content/dam/filter/a/1.png', destination: 's3' })
    await letter(s3Old, { path: '/content/dam/filter/b/2.png', destination: 's3', firstFailure: old })
    await letter(sftp, { path: '/content/dam/filter/a/3.png', destination: 'sftp' })
    const error = { code: 'MAPPING_FAILED', message: 'no' }
    await letter(generic, { path: '/content/dam/filter/a/4.png', action: 'generic', error })
  })

  const below = ['--path', '/content/dam/filter/']

  test.each([
    [[], ids],
    [
      ['--code', 's3_refused'],
      [s3, s3Old, sftp],
    ],
    [
      ['--destination', 'S3'],
      [s3, s3Old],
    ],
    [
      ['--path', '/content/dam/filter/a/'],
      [s3, sftp, generic],
    ],
    [['--older-than', 'P3D'], [s3Old]],
    [['--older-than', '90m', '--code', 'S3_REFUSED'], [s3Old]],
    [
      ['--older-than', '30m', '--destination', 's3'],
      [s3, s3Old],
    ],
    [['--code', 'NONE'], []],
  ])('list %j', async (filter, expected) => {
    const { stdout } = await commands(['dead-letters', 'list', ...below, ...filter, '--json'])
    const found: { id: string }[] = JSON.parse(stdout)
    expect(found.map(({ id }) => id).sort()).toEqual([...expected].sort())
  })

  test('replay asks where somebody is there, and says which; the rest is left alone', async () => {
    const args = ['dead-letters', 'replay', '--code', 'MAPPING_FAILED', ...below]
    const refused = await commands(args, {}, { answer: false })
    expect([refused.code, refused.stderr]).toEqual([1, 'nothing was done\n'])
    expect(refused.asked).toEqual([expect.stringContaining('with the code MAPPING_FAILED, of assets whose')])
    // Nobody there: nothing is lost by it.
    const { stdout } = await commands([...args, '--json'])
    expect(JSON.parse(stdout)).toMatchObject([{ id: generic }])
  })

  test('drop of many asks, drops those alone, and sums up', async () => {
    const args = ['dead-letters', 'drop', '--destination', 's3', ...below]
    expect((await commands(args)).code).toBe(2)
    const refused = await commands(args, {}, { answer: false })
    expect(refused.asked).toEqual([expect.stringMatching(/forgets all dead letters .*of the destination s3/)])
    const { stdout } = await commands(args, {}, { answer: true })
    expect(stdout).toMatch(/\n2 dead letters: 2 dropped\n$/)
    const left: { id: string }[] = JSON.parse(
      (await commands(['dead-letters', 'list', ...below, '--json'])).stdout,
    )
    expect(left.map(({ id }) => id)).not.toContain(s3)
    expect(left.map(({ id }) => id)).toContain(sftp)
    expect((await commands(['dead-letters', 'drop', '--yes', ...below])).code).toBe(0)
  })
})
