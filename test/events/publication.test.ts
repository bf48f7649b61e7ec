import { createAuthorHosts } from '../../src/aem/author-host'
import { decodeEvent, publicationOf } from '../../src/events/decode'
import { startAuthor, type TestAuthor } from '../support/author'

let author: TestAuthor
beforeAll(async () => {
  author = await startAuthor()
})
afterAll(() => author.close())

test.each(['published', 'unpublished', 'deleted'] as const)(
  'what the author tells in either way of an asset that was %s means the same',
  (kind) => {
    const { aem } = author
    const path = `/content/dam/shop/${kind} (1).png`
    const asset = aem.addAsset({ path })
    const hosts = createAuthorHosts([aem.url])
    const native = decodeEvent(aem.publicationEvent(kind, asset))
    const proxied = decodeEvent(aem.xdmEvent(kind, asset))
    const older = decodeEvent(aem.xdmEvent(kind, asset, {}, 'adobe_io'))
    expect(native).toMatchObject({ assetId: asset.id, path })
    // The event proxy has no id of what is gone.
    expect(older).toMatchObject({ assetId: kind === 'deleted' ? undefined : asset.id, path })
    expect(proxied).toMatchObject({ assetId: kind === 'deleted' ? undefined : asset.id, path })
    for (const event of [native, proxied, older]) {
      expect(publicationOf(event.type)).toBe(kind)
      expect(hosts.resolve(event.host)).toBe(aem.url)
      expect(event.key.id).not.toBe('')
    }
  },
)
