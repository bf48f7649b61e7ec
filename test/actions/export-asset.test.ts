import { createHash } from 'node:crypto'
import { type Exporter, startExporter } from '../support/exporter'
import { bodyOf, errorOf } from '../support/receiver'

let exporter: Exporter
let count = 0

beforeAll(async () => {
  exporter = await startExporter()
})
afterEach(() => {
  const { aem, ims, state } = exporter.sandbox
  for (const { faults } of [aem, aem.blobs, ims, state]) faults.clear()
})
afterAll(() => exporter.close())

const newPath = (): string => `/content/dam/shop/lamp ${++count}.png`
const keyOf = (path: string): string => path.slice('/content/dam/'.length)
const sha1 = (bytes: Buffer | undefined): string =>
  createHash('sha1')
    .update(bytes ?? '')
    .digest('hex')

describe('an event that is too deep or too large', () => {
  test.each<[string, () => unknown]>([
    ['deep', () => JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    ['large', () => 'x'.repeat(1_200_000)],
  ])('is a dead letter, and is not delivered again: %s', async (_, make) => {
    const event = exporter.sandbox.aem.publicationEvent('published', exporter.addAsset(newPath()))
    const more: unknown = make()
    const answer = await exporter.invoke({ ...event, data: Object.assign({ more }, event.data) })

    expect(bodyOf(answer)).toMatchObject({ outcome: 'dead-letter', code: 'EVENT_MALFORMED' })
  })
})

describe('an asset that is published', () => {
  test('arrives byte for byte, and the answer says where', async () => {
    const asset = exporter.addAsset(newPath())
    const body = bodyOf(await exporter.publish(asset))
    const key = keyOf(asset.path)
    expect(body).toMatchObject({
      message: 'folder: done',
      outcome: 'done',
      assetdata: { assetPath: asset.path, assetId: asset.id },
      destinations: [
        { destination: 'folder', outcome: 'done', files: [{ key, outcome: 'stored', bytes: 50_000 }] },
      ],
    })
    expect(sha1((await exporter.stored())[key])).toBe(asset.repositoryMetadata['dam:sha1'])
  })

  test.each(['cloud_events_v1', 'adobe_io'] as const)(
    'arrives by the event proxy as well: %s',
    async (format) => {
      const asset = exporter.addAsset(newPath())
      const event = exporter.sandbox.aem.xdmEvent('published', asset, {}, format)
      const body = bodyOf(await exporter.invoke(event))
      expect(body).toMatchObject({ outcome: 'done', assetdata: { assetPath: asset.path } })
      expect(await exporter.stored()).toHaveProperty([keyOf(asset.path)])
    },
  )

  test('is not read again when the same event comes twice', async () => {
    const asset = exporter.addAsset(newPath())
    const event = exporter.sandbox.aem.publicationEvent('published', asset)
    await exporter.invoke(event)
    const { blobs } = exporter.sandbox.aem
    const reads = blobs.requests.length
    expect(bodyOf(await exporter.invoke(event))).toMatchObject({ outcome: 'unchanged' })
    expect(blobs.requests).toHaveLength(reads)
  })

  test('is whole when many events about it come at once', async () => {
    const asset = exporter.addAsset(newPath(), { size: 3_000_000 })
    const answers = await Promise.all(Array.from({ length: 8 }, () => exporter.publish(asset)))
    for (const answer of answers) expect(['done', 'unchanged']).toContain(bodyOf(answer).outcome)
    expect(sha1((await exporter.stored())[keyOf(asset.path)])).toBe(asset.repositoryMetadata['dam:sha1'])
  })

  test('is replaced when a new version of it is published', async () => {
    const asset = exporter.addAsset(newPath())
    await exporter.publish(asset)
    const next = exporter.sandbox.aem.replaceContent(asset.id, { size: 70_000, seed: 'next' })
    expect(bodyOf(await exporter.publish(next))).toMatchObject({ outcome: 'done' })
    expect(sha1((await exporter.stored())[keyOf(asset.path)])).toBe(next.repositoryMetadata['dam:sha1'])
  })

  test('may be empty, and may have no SHA-1', async () => {
    const { aem } = exporter.sandbox
    const assetMetadata = { exportDestination: ['folder'], exportImmediately: true }
    const empty = aem.addAsset({ path: newPath(), content: { bytes: '' }, assetMetadata })
    const plain = aem.addAsset({ path: newPath(), assetMetadata, repositoryMetadata: { 'dam:sha1': null } })
    expect(bodyOf(await exporter.publish(empty))).toMatchObject({ outcome: 'done' })
    expect(bodyOf(await exporter.publish(plain))).toMatchObject({ outcome: 'done' })
    expect(bodyOf(await exporter.publish(plain))).toMatchObject({ outcome: 'unchanged' })
    const stored = await exporter.stored()
    expect(stored[keyOf(empty.path)]).toHaveLength(0)
    expect(stored[keyOf(plain.path)]).toHaveLength(204_800)
  })
})

describe('what is not exported', () => {
  test.each([
    ['names no destination', { exportDestination: '' }, 'skipped', /names no destination/],
    ['waits for the batch', { exportImmediately: 'no' }, 'deferred', /next batch run/],
    ['does not say when', { exportImmediately: '' }, 'deferred', /next batch run/],
  ])('an asset that %s', async (_name, metadata, outcome, reason) => {
    const asset = exporter.addAsset(newPath(), { metadata })
    const body = bodyOf(await exporter.publish(asset))
    expect(body.outcome).toBe(outcome)
    expect(body.reason).toMatch(reason)
    expect(await exporter.stored()).not.toHaveProperty([keyOf(asset.path)])
  })

  test.each([
    ['infected', { 'dam:avScanStatus': 'INFECTED' }],
    ['discarded', { 'repo:state': 'DISCARDED' }],
  ])('an asset that is %s', async (_name, state) => {
    const asset = exporter.addAsset(newPath())
    exporter.sandbox.aem.edit(asset.id, ({ repositoryMetadata }) => Object.assign(repositoryMetadata, state))
    expect(bodyOf(await exporter.publish(asset)).outcome).toBe('skipped')
    expect(await exporter.stored()).not.toHaveProperty([keyOf(asset.path)])
  })

  test('one that is published to the preview tier only', async () => {
    const asset = exporter.addAsset(newPath())
    const event = exporter.sandbox.aem.publicationEvent('published', asset, { data: { tier: 'preview' } })
    expect(bodyOf(await exporter.invoke(event))).toMatchObject({ outcome: 'skipped' })
    expect(await exporter.stored()).not.toHaveProperty([keyOf(asset.path)])
  })

  test('an event of another type, without a request to anybody', async () => {
    const asset = exporter.addAsset(newPath())
    const before = exporter.sandbox.aem.requests.length
    const event = exporter.sandbox.aem.processingCompletedEvent(asset)
    expect(bodyOf(await exporter.invoke(event))).toMatchObject({ outcome: 'ignored' })
    expect(exporter.sandbox.aem.requests).toHaveLength(before)
  })

  test.each(['unpublished', 'deleted'] as const)(
    'a file is kept when its asset is %s',
    async (publication) => {
      const asset = exporter.addAsset(newPath())
      await exporter.publish(asset)
      const { aem } = exporter.sandbox
      for (const event of [aem.publicationEvent(publication, asset), aem.xdmEvent(publication, asset)]) {
        expect(bodyOf(await exporter.invoke(event))).toMatchObject({ outcome: 'skipped' })
      }
      expect(await exporter.stored()).toHaveProperty([keyOf(asset.path)])
    },
  )
})

describe('where a token goes', () => {
  test('to the author, and never to the store that it redirects to', async () => {
    await exporter.publish(exporter.addAsset(newPath()))
    const { aem } = exporter.sandbox
    expect(aem.blobs.requests.length).toBeGreaterThan(0)
    for (const { headers } of aem.blobs.requests) {
      expect(headers).not.toHaveProperty('authorization')
      expect(headers).not.toHaveProperty('x-api-key')
    }
  })

  test('nowhere, when the event names a host that is not allowed', async () => {
    const asset = exporter.addAsset(newPath())
    const sources = ['author-evil.example.com', 'acct:aem-p9-e9-rde@adobe.com', '/somewhere/else']
    const events = sources.map((source) =>
      exporter.sandbox.aem.publicationEvent('published', asset, { source }),
    )
    const xdm = exporter.sandbox.aem.xdmEvent('published', asset, {
      'activitystreams:generator': { 'xdmContentRepository:root': 'https://author-evil.example.com/' },
    })
    const before = exporter.sandbox.ims.requests.length + exporter.sandbox.aem.requests.length
    for (const one of [...events, xdm]) {
      expect(bodyOf(await exporter.invoke(one))).toMatchObject({
        outcome: 'dead-letter',
        code: 'HOST_NOT_ALLOWED',
      })
    }
    expect(exporter.sandbox.ims.requests.length + exporter.sandbox.aem.requests.length).toBe(before)
  })
})

describe('when it fails', () => {
  test('an asset that is gone is a dead letter', async () => {
    const asset = exporter.addAsset(newPath())
    exporter.sandbox.aem.removeAsset(asset.id)
    const body = bodyOf(await exporter.publish(asset))
    expect(body).toMatchObject({ outcome: 'dead-letter', code: 'ASSET_NOT_FOUND' })
    const letters = await exporter.deadLetters()
    expect(letters.find(({ key }) => key === `dead-letter.${body.deadLetter}`)).toMatchObject({
      action: 'export-asset',
    })
  })

  test('a destination that nobody knows is a dead letter of its own; the other one is served', async () => {
    const asset = exporter.addAsset(newPath(), { metadata: { exportDestination: 'Folder, ftp' } })
    const body = bodyOf(await exporter.publish(asset))
    expect(body).toMatchObject({
      outcome: 'mixed',
      destinations: [
        { destination: 'folder', outcome: 'done' },
        { destination: 'ftp', outcome: 'dead-letter', code: 'DESTINATION_UNKNOWN' },
      ],
    })
    expect(body.message).toContain('config/destinations.ts knows akeneo, azure')
    expect(await exporter.deadLetters()).toContainEqual(
      expect.objectContaining({
        destination: 'ftp',
        error: expect.objectContaining({ code: 'DESTINATION_UNKNOWN' }),
      }),
    )
    expect(await exporter.stored()).toHaveProperty([keyOf(asset.path)])
  })

  test('a destination that is not set up makes the event come again; the other one is served', async () => {
    const asset = exporter.addAsset(newPath(), { metadata: { exportDestination: ['s3', 'folder'] } })
    const { statusCode, body } = errorOf(await exporter.publish(asset))
    expect(statusCode).toBe(503)
    expect(body).toMatchObject({
      outcome: 'mixed',
      destinations: [
        { destination: 's3', outcome: 'retry', code: 'DESTINATION_OFF' },
        { destination: 'folder', outcome: 'done' },
      ],
    })
    expect(body.message).toContain('docs/connectors/s3.md')
    expect(await exporter.stored()).toHaveProperty([keyOf(asset.path)])
  })

  test('an unwritable folder names destination and cause', async () => {
    const asset = exporter.addAsset(newPath())
    const { statusCode, body } = errorOf(await exporter.publish(asset, { FOLDER_ROOT: '/proc/nowhere' }))
    expect(statusCode).toBe(503)
    expect(body.message).toMatch(/^folder: retry \(.*FOLDER_ROOT/)
  })

  test.each([
    ['a login page in place of the file', { kind: 'html' }],
    ['a file that is cut short, as if that were all', { kind: 'truncate', afterBytes: 1_000 }],
    ['a byte that is wrong', { kind: 'garbled', at: 40_000 }],
    ['503', { kind: 'status', status: 503 }],
    ['connections that are reset', { kind: 'reset' }],
  ] as const)('%s is never seen by a reader, and the event comes again', async (_name, fault) => {
    const asset = exporter.addAsset(newPath())
    exporter.sandbox.aem.blobs.faults.add({ path: exporter.sandbox.aem.blobPath(asset.id), fault })
    const { statusCode, body } = errorOf(
      await exporter.invoke(exporter.sandbox.aem.publicationEvent('published', asset), { leftMs: 40_000 }),
    )
    expect(statusCode).toBe(503)
    expect(body).toMatchObject({ destinations: [{ destination: 'folder', outcome: 'retry' }] })
    expect(await exporter.stored()).not.toHaveProperty([keyOf(asset.path)])
  })

  test('a download that breaks off goes on where it was', async () => {
    const asset = exporter.addAsset(newPath(), { size: 2_000_000 })
    const path = exporter.sandbox.aem.blobPath(asset.id)
    exporter.sandbox.aem.blobs.faults.add({ path, times: 2, fault: { kind: 'cut', afterBytes: 700_000 } })
    expect(bodyOf(await exporter.publish(asset))).toMatchObject({ outcome: 'done' })
    expect(sha1((await exporter.stored())[keyOf(asset.path)])).toBe(asset.repositoryMetadata['dam:sha1'])
    const ranges = exporter.sandbox.aem.blobs.requests.filter((request) => request.path === path)
    expect(ranges.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=700000-', 'bytes=1400000-'])
  })

  test('no answer, log or letter holds a signed URL', async () => {
    const lines: string[] = []
    const log = jest.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
    const asset = exporter.addAsset(newPath())
    exporter.sandbox.aem.blobs.faults.add({ fault: { kind: 'status', status: 403 } })
    const answer = await exporter.publish(asset, { LOG_LEVEL: 'debug' })
    log.mockRestore()
    const told = [JSON.stringify(answer), ...lines, JSON.stringify(await exporter.deadLetters())].join('\n')
    expect(told).toContain('AEM_LINK_REFUSED')
    expect(told).not.toMatch(/sig=|Bearer /)
  })
})
