import { startAuthor } from '../support/author'
import { rejection, startCall } from '../support/call'
import { startRawServer } from '../support/raw-server'

describe('an author that takes everything', () => {
  const startOdd = async (apply: (metadata: Record<string, unknown>) => void) => {
    const author = await startAuthor()
    const metadata: Record<string, unknown> = { a: 1 }
    const odd = await startRawServer((request, response) => {
      if (request.method === 'PATCH') apply(metadata)
      response.writeHead(200, { etag: '"1"' }).end(JSON.stringify({ assetMetadata: metadata }))
    })
    const client = author.client({ origins: [odd.url] })
    const patch = async () => {
      const asset = await client.readAsset({ origin: odd.url, id: 'urn:aaid:aem:0' }, startCall())
      return client.patchMetadata(
        asset,
        [
          { op: 'add', property: 'kept', value: 'new' },
          { op: 'add', property: 'dropped', value: 'new' },
        ],
        startCall(),
      )
    }
    const close = async () => {
      await odd.close()
      await author.close()
    }
    return { patch, close }
  }

  it('and writes nothing, however the properties are named, is a permanent failure', async () => {
    const { close, patch } = await startOdd(() => undefined)

    expect(await rejection(patch())).toMatchObject({ failureClass: 'permanent', code: 'METADATA_REFUSED' })
    await close()
  })

  it('and drops some of the properties has shown that it understands their names', async () => {
    const { close, patch } = await startOdd((metadata) => {
      metadata.kept = 'new'
    })

    expect(await patch()).toBe('written')
    await close()
  })
})
