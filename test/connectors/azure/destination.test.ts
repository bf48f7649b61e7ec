import { startAzurite } from '../../../sandbox/targets/azurite'
import { azure } from '../../../src/connectors/azure/destination'
import { startCall } from '../../support/call'
import { describeDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

describeDestination({
  name: 'azure',
  capabilities: ['head', 'remove', 'list', 'atomic', 'conditional'],
  listedAtOnce: 1_000,
  except: { 'lists in the order of the bytes of UTF-8': 'the emulator lists in the order of UTF-16' },
  start: async () => {
    const azurite = await startAzurite()
    const container = azurite.service.getContainerClient(azurite.container)
    const connect = (url: string) => azure().create(contextOf({ AZURE_BLOB_SAS_URL: url }))
    const signature = new URL(azurite.sasUrl()).searchParams.get('sig') ?? ''
    return {
      destination: connect(azurite.sasUrl()),
      read: azurite.read,
      list: async () => {
        const names: string[] = []
        for await (const { name } of container.listBlobsFlat()) names.push(name)
        return names
      },
      mediaType: async (key) => (await container.getBlobClient(key).getProperties()).contentType,
      putForeign: async (key, bytes) => {
        await container.getBlockBlobClient(key).upload(bytes, bytes.length)
      },
      secrets: [signature, azurite.key],
      breakIt: {
        wrongCredentials: () => connect(azurite.sasUrl().replace(/sig=[^&]+/, 'sig=d3Jvbmc%3D')),
        unreachable: () => connect('http://127.0.0.1:9/devstoreaccount1/assets?sv=1&sig=d3Jvbmc%3D'),
      },
      close: azurite.close,
    }
  },
})

it('azure: a lease that another client holds lets nothing be written or removed, and passes', async () => {
  const azurite = await startAzurite()
  try {
    const call = startCall()
    const destination = azure().create(contextOf({ AZURE_BLOB_SAS_URL: azurite.sasUrl() }))
    const previous = await destination.put('a.png', fakeBinary({ size: 1_000 }), {}, call)
    const lease = azurite.service
      .getContainerClient(azurite.container)
      .getBlobClient('a.png')
      .getBlobLeaseClient()
    await lease.acquireLease(60)
    const newer = fakeBinary({ size: 2_000, seed: 2 })
    const busy = { failureClass: 'transient', code: 'AZURE_LEASED' }
    await expect(destination.put('a.png', newer, { previous }, call)).rejects.toMatchObject(busy)
    await expect(destination.remove?.('a.png', call)).rejects.toMatchObject(busy)
    await lease.releaseLease()
    const stored = await destination.put('a.png', newer, { previous }, call)
    expect(await destination.head?.('a.png', call)).toEqual(stored)
  } finally {
    await azurite.close()
  }
})
