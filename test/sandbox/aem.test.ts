import { request } from 'node:http'
import { authorForEachTest, path } from './author'

const author = authorForEachTest()
const { send, metadata, patch, now } = author

describe('who may come in', () => {
  it.each([
    ['no token', { authorization: '' }, 401],
    ['a wrong token', { authorization: 'Bearer bad' }, 401],
    ['another scheme', { authorization: 'Basic good' }, 401],
  ])('refuses %s', async (_, headers, status) => {
    expect(await send(metadata(), { headers })).toMatchObject({
      status,
      type: 'application/problem+json',
      body: { status, title: expect.any(String), detail: expect.any(String) },
    })
  })

  it.each([
    ['no client id', { 'x-api-key': '' }],
    ['a client id that is not allowed', { 'x-api-key': 'stranger' }],
  ])('refuses %s as the gateway does', async (_, headers) => {
    expect(await send(metadata(), { headers })).toMatchObject({
      status: 403,
      body: { error_code: '403003', message: 'Api Key is invalid' },
    })
  })

  it('lets a reader read, and refuses only the PATCH', async () => {
    const headers = { 'x-api-key': 'reader' }
    expect((await send(metadata(), { headers })).status).toBe(200)
    expect((await patch([{ op: 'add', path: '/x', value: 1 }], headers)).status).toBe(403)
    author.aem.settings.writers = ['reader']
    expect((await patch([{ op: 'add', path: '/x', value: 1 }], headers)).status).toBe(200)
  })

  it('refuses a request that is meant for another host', async () => {
    const answered = await new Promise((resolve, reject) => {
      const headers = { host: 'author-p1-e2.adobeaemcloud.com', authorization: 'Bearer good' }
      request(`${author.aem.url}${metadata()}`, { headers }, (response) =>
        resolve(response.resume().statusCode),
      )
        .once('error', reject)
        .end()
    })
    expect(answered).toBe(421)
  })

  it('has nothing else to offer', async () => {
    expect((await send('/adobe/assets')).status).toBe(404)
    expect((await send(`/adobe/assets/${author.asset.id}`)).status).toBe(404)
    expect((await send(metadata(), { method: 'PUT', body: '{}' })).status).toBe(405)
    expect((await send('/content/dam/%E0%A4%A.json')).status).toBe(400)
  })
})

describe('reading', () => {
  it('gives metadata and a strong ETag, whichever way the id is encoded', async () => {
    const plain = await send(metadata())
    expect(plain.body).toEqual({
      assetId: author.asset.id,
      assetMetadata: { 'dc:title': 'Chair', 'dc:subject': ['a', 'b'], nested: { deep: 1 } },
      repositoryMetadata: expect.objectContaining({
        'repo:repositoryId': author.aem.host,
        'repo:path': path,
        'repo:name': 'garden chair (1) 50%.jpg',
        'repo:assetClass': 'file',
        'dc:format': 'image/jpeg',
      }),
    })
    expect(plain.etag).toMatch(/^"[0-9a-f]+"$/)
    expect(await send(metadata(encodeURIComponent(author.asset.id)))).toEqual(plain)
  })

  it('answers 304 while nothing changed, and 404 for what is gone', async () => {
    const { etag } = await send(metadata())
    const headers = { 'if-none-match': `"other", ${etag}` }
    expect(await send(metadata(), { headers })).toMatchObject({ status: 304, etag, body: {} })
    author.aem.edit(author.asset.id, () => undefined)
    expect((await send(metadata(), { headers })).status).toBe(200)
    author.aem.removeAsset(author.asset.id)
    expect(await send(metadata())).toMatchObject({ status: 404, type: 'application/problem+json' })
    expect((await patch([])).status).toBe(404)
    expect(() => author.aem.asset(author.asset.id)).toThrow('no asset')
  })

  it('finds the id of a path that is encoded segment by segment', async () => {
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    expect(await send(`${encoded}.json`)).toMatchObject({
      status: 200,
      body: { 'jcr:uuid': author.asset.uuid, 'jcr:primaryType': 'dam:Asset' },
    })
    expect(author.asset.id).toBe(`urn:aaid:aem:${author.asset.uuid}`)
    expect((await send('/content/dam/shop.json')).body).toEqual({ 'jcr:primaryType': 'sling:Folder' })
    expect((await send('/content/dam/none.jpg.json')).status).toBe(404)
    expect((await send(`${encoded}.json`, { headers: { authorization: '' } })).status).toBe(401)
  })
})

describe('the control surface', () => {
  it('gives copies, and takes wishes about the repository metadata', () => {
    author.asset.assetMetadata['dc:title'] = 'changed in the copy'
    expect(now()['dc:title']).toBe('Chair')
    const wishes = { 'aem:assetState': 'processing', 'tiff:imageWidth': null, 'repo:size': 7 }
    const other = author.aem.addAsset({ path: '/content/dam/b.pdf', repositoryMetadata: wishes })
    expect(other.repositoryMetadata).toMatchObject({ 'aem:assetState': 'processing', 'repo:size': 7 })
    expect(other.repositoryMetadata).not.toHaveProperty('tiff:imageWidth')
    expect(author.aem.findByPath('/content/dam/b.pdf')?.id).toBe(other.id)
    expect(() => author.aem.addAsset({ path: '/content/dam/b.pdf' })).toThrow('already')
    expect(() => author.aem.addAsset({ path: '/content/b.pdf' })).toThrow('/content/dam')
  })

  it('builds the event as AEM and I/O Events send it', () => {
    const event = author.aem.processingCompletedEvent(author.asset)
    expect(event).toEqual({
      specversion: '1.0',
      id: expect.any(String),
      source: expect.stringMatching(/^acct:aem(-cmstg)?-p\d+-e\d+@adobe\.com$/),
      type: 'aem.assets.asset.processing_completed',
      datacontenttype: 'application/json',
      time: expect.stringMatching(/\.\d{9}Z$/),
      event_id: event.eventid,
      eventid: expect.any(String),
      recipient_client_id: 'id',
      recipientclientid: 'id',
      data: {
        assetId: author.asset.id,
        assetMetadata: { 'xcm:machineKeywords': expect.any(Array) },
        repositoryMetadata: {
          ...author.asset.repositoryMetadata,
          'repo:size': '204800',
          'repo:state': 'ACTIVE',
          'aem:assetState': 'processed',
        },
      },
    })
    expect(event.id).not.toBe(event.eventid)
    const changed = author.aem.processingCompletedEvent(author.asset, {
      id: 'mine',
      data: { assetId: null, repositoryMetadata: { 'repo:repositoryId': 'evil.example' } },
    })
    expect(changed).toMatchObject({
      id: 'mine',
      data: { repositoryMetadata: { 'repo:path': path, 'repo:repositoryId': 'evil.example' } },
    })
    expect(changed.data).not.toHaveProperty('assetId')
  })

  it('words an injected status as a problem', async () => {
    author.aem.faults.add({
      times: 1,
      fault: { kind: 'status', status: 503, headers: { 'retry-after': '1' } },
    })
    expect(await send(metadata())).toMatchObject({ status: 503, type: 'application/problem+json' })
    expect((await send(metadata())).status).toBe(200)
  })
})
