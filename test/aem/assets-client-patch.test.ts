import type { AemOptions } from '../../sandbox/aem/author'
import type { MetadataChange } from '../../src/metadata/diff'
import { startAuthor, type TestAuthor } from '../support/author'
import { rejection, startCall } from '../support/call'

let author: TestAuthor
const start = async (options: Parameters<typeof startAuthor>[0] = {}) => {
  author = await startAuthor(options)
  const { id } = author.aem.addAsset({
    path: '/content/dam/shop/lamp.png',
    assetMetadata: { 'dc:title': 'Lamp', 'wknd-old': 'x' },
  })
  return id
}
afterEach(() => author.close())

const changes: MetadataChange[] = [
  { op: 'add', property: 'wknd-skuid', value: 'SKU 1' },
  { op: 'replace', property: 'dc:title', value: 'Better lamp' },
  { op: 'remove', property: 'wknd-old' },
]
const written = { 'dc:title': 'Better lamp', 'wknd-skuid': 'SKU 1' }

/** Reads and writes, again after a conflict, as the flow does. */
async function update(id: string, client = author.client(), wanted = changes): Promise<string[]> {
  const outcomes: string[] = []
  for (let round = 0; round < 6 && outcomes.at(-1) !== 'written'; round++) {
    const asset = await client.readAsset({ origin: author.aem.url, id }, startCall())
    outcomes.push(await client.patchMetadata(asset, wanted, startCall()))
  }
  return outcomes
}
const patches = () => author.aem.requests.filter(({ method }) => method === 'PATCH')
const reads = () => author.aem.requests.filter(({ method }) => method === 'GET')
const firstPaths = () => patches().map(({ body }) => JSON.parse(body)[0].path)

describe('writing metadata', () => {
  it('sends a JSON Patch over exactly the state that was read', async () => {
    const id = await start()
    const { etag } = author.aem.asset(id)

    expect(await update(id)).toEqual(['written'])

    expect(author.aem.asset(id).assetMetadata).toEqual(written)
    const [patch] = patches()
    expect(patch?.headers).toMatchObject({ 'content-type': 'application/json-patch+json', 'if-match': etag })
    expect(JSON.parse(patch?.body ?? '')).toEqual([
      { op: 'add', path: '/wknd-skuid', value: 'SKU 1' },
      { op: 'replace', path: '/dc:title', value: 'Better lamp' },
      { op: 'remove', path: '/wknd-old' },
    ])
  })

  it('escapes the name of a property', async () => {
    const id = await start()

    await update(id, author.client(), [{ op: 'add', property: 'odd~name/1', value: 1 }])

    expect(author.aem.asset(id).assetMetadata).toMatchObject({ 'odd~name/1': 1 })
  })

  it('over an asset that moved meanwhile changes nothing, and says so', async () => {
    const id = await start()
    author.aem.onBeforePatch = () => {
      author.aem.onBeforePatch = undefined
      author.aem.edit(id, ({ assetMetadata }) => {
        assetMetadata['dc:title'] = "somebody else's"
      })
    }
    const client = author.client()
    const asset = await client.readAsset({ origin: author.aem.url, id }, startCall())

    expect(await client.patchMetadata(asset, changes, startCall())).toBe('conflict')
    expect(author.aem.asset(id).assetMetadata['dc:title']).toBe("somebody else's")
  })

  it('whose answer is lost ends as a conflict, and the next round finds it done', async () => {
    const id = await start()
    author.aem.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'resetAfter' } })
    const client = author.client()
    const asset = await client.readAsset({ origin: author.aem.url, id }, startCall())

    expect(await client.patchMetadata(asset, changes, startCall())).toBe('conflict')
    expect(author.aem.asset(id).assetMetadata).toEqual(written)
  })

  it('with a token that ended meanwhile renews it', async () => {
    const id = await start()
    const client = author.client()
    const asset = await client.readAsset({ origin: author.aem.url, id }, startCall())
    author.ims.revokeAll()

    expect(await client.patchMetadata(asset, changes, startCall())).toBe('written')
  })

  it.each([200, 202, 204])('is done when a style that the operator chose is answered %i', async (status) => {
    const id = await start()
    author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status, body: {} } })

    expect(await update(id, author.client({ patchPaths: 'short' }))).toEqual(['written'])
  })

  it('is not done when a problem document comes with status 200', async () => {
    const id = await start()
    author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 200 } })

    const error = await rejection(update(id, author.client({ patchPaths: 'short' })))
    expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_NOT_JSON' })
  })

  it('that AEM takes for later and does not make is tried again by whoever sent the event', async () => {
    const id = await start()
    author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 202, body: {} } })

    const error = await rejection(update(id, author.client({ patchPaths: 'auto' })))
    expect(error).toMatchObject({ failureClass: 'transient', code: 'METADATA_PENDING' })
    expect(reads()).toHaveLength(5)
    expect(author.clock.sleeps).toEqual([1_000, 1_000, 1_000])
  })

  it.each(['auto', 'short'] as const)(
    'is not done when a login page comes with status 200 (%s)',
    async (patchPaths) => {
      const id = await start()
      const client = author.client({ patchPaths })
      await update(id, client, [{ op: 'add', property: 'wknd-proof', value: 1 }])
      const asset = await client.readAsset({ origin: author.aem.url, id }, startCall())
      author.aem.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'html' } })

      const error = await rejection(client.patchMetadata(asset, changes, startCall()))

      expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_NOT_JSON' })
      expect(await client.patchMetadata(asset, changes, startCall())).toBe('written')
    },
  )
})

describe('a refusal to write', () => {
  it('with 403 tells that the credential may read only', async () => {
    const id = await start({ writers: [] })

    const error = await rejection(update(id))

    expect(error).toMatchObject({ failureClass: 'systemic', code: 'AEM_FORBIDDEN' })
    expect(String(error)).toMatch(/read but not write.*rep:write/)
  })

  it.each([
    [404, 'permanent', 'ASSET_NOT_FOUND'],
    [409, 'transient', 'AEM_CONFLICT'],
    [423, 'transient', 'AEM_CONFLICT'],
    [428, 'systemic', 'AEM_PRECONDITION_REQUIRED'],
    [429, 'transient', 'AEM_UNAVAILABLE'],
    [503, 'transient', 'AEM_UNAVAILABLE'],
    [307, 'systemic', 'AEM_REDIRECTS'],
    [415, 'permanent', 'AEM_REFUSED'],
  ])('with %i is %s: %s', async (status, failureClass, code) => {
    const id = await start()
    author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status } })

    expect(await rejection(update(id))).toMatchObject({ failureClass, code, upstream: 'AEM', status })
  })
})

describe('the way of naming properties, when it is to be found out', () => {
  it.each([
    ['short', ['/wknd-skuid']],
    ['full', ['/wknd-skuid', '/assetMetadata/wknd-skuid']],
    ['bare', ['/wknd-skuid', '/assetMetadata/wknd-skuid', 'wknd-skuid']],
  ] as const)('is %s in the end where only that is taken', async (pathStyle, tried) => {
    const id = await start({ pathStyle })

    expect(await update(id)).toEqual(['written'])
    expect(firstPaths()).toEqual(tried)
    expect(author.aem.asset(id).assetMetadata).toEqual(written)
  })

  it('is remembered, and proven by reading back only once', async () => {
    const id = await start({ pathStyle: 'full' })
    const client = author.client()
    await update(id, client)
    const before = { patches: patches().length, reads: reads().length }

    await update(id, client, [{ op: 'replace', property: 'dc:title', value: 'Third' }])

    expect(patches().length - before.patches).toBe(1)
    expect(reads().length - before.reads).toBe(1)
    expect(firstPaths().at(-1)).toBe('/assetMetadata/dc:title')
  })

  it.each(['short', 'full', 'bare'] as const)(
    'is not %s where that is taken and silently ignored',
    async (ignoresStyle) => {
      const works = ignoresStyle === 'short' ? 'bare' : 'short'
      const id = await start({ pathStyle: works, ignoresStyle } satisfies Partial<AemOptions>)
      const client = author.client()

      await update(id, client)

      expect(author.aem.asset(id).assetMetadata).toEqual(written)
      author.aem.requests.length = 0
      await update(id, client, [{ op: 'replace', property: 'dc:title', value: 'Third' }])
      expect(patches()).toHaveLength(1)
    },
  )

  it('is proven by one of many writes at once, the others wait for it', async () => {
    const id = await start()
    const ids = [
      id,
      ...[1, 2, 3, 4].map((it) => author.aem.addAsset({ path: `/content/dam/shop/${it}.png` }).id),
    ]
    const client = author.client()
    const call = startCall()
    const origin = author.aem.url
    const assets = await Promise.all(ids.map((one) => client.readAsset({ origin, id: one }, call)))
    author.aem.requests.length = 0
    // All writes are there before the first one is read back.
    author.aem.faults.add({ method: 'GET', fault: { kind: 'latency', delayMs: 50 } })

    const wanted = [{ op: 'add', property: 'wknd-skuid', value: 'SKU 1' }] as const
    const outcomes = await Promise.all(assets.map((asset) => client.patchMetadata(asset, wanted, call)))

    expect(outcomes).toEqual(['written', 'written', 'written', 'written', 'written'])
    expect(patches()).toHaveLength(5)
    expect(reads()).toHaveLength(1)
  })

  it('is sought anew when the one that worked is refused', async () => {
    const id = await start({ pathStyle: 'short' })
    const client = author.client()
    await update(id, client)
    author.aem.settings.pathStyle = 'bare'

    const outcomes = await update(id, client, [{ op: 'replace', property: 'dc:title', value: 'Third' }])

    expect(outcomes).toEqual(['written'])
    expect(author.aem.asset(id).assetMetadata['dc:title']).toBe('Third')
  })

  it('does not matter to a property that AEM takes in no way: permanent, with the reason of AEM', async () => {
    const id = await start({ readOnly: ['dc:title'] })

    const error = await rejection(update(id))

    expect(error).toMatchObject({ failureClass: 'permanent', code: 'METADATA_REFUSED', status: 400 })
    expect(String(error)).toMatch(/wknd-skuid, dc:title, wknd-old.*read-only/)
    expect(author.aem.asset(id).assetMetadata['dc:title']).toBe('Lamp')
    expect(patches()).toHaveLength(3)
  })

  it('is learned on each author by itself', async () => {
    const id = await start({ pathStyle: 'bare' })
    const second = await startAuthor({ pathStyle: 'short' })
    const there = second.aem.addAsset({ path: '/content/dam/a.png' })
    const both = author.client({ origins: [author.aem.url, second.aem.url] })
    await update(id, both)
    // The second author knows the tokens of its own IMS only.
    const asset = await second.client().readAsset({ origin: second.aem.url, id: there.id }, startCall())
    await rejection(both.patchMetadata(asset, changes, startCall()))

    const [first] = second.aem.requests.filter(({ method }) => method === 'PATCH')
    expect(JSON.parse(first?.body ?? '')[0].path).toBe('/wknd-skuid')
    await second.close()
  })
})
