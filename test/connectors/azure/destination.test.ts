import { startAzurite } from '../../../sandbox/targets/azurite'
import { azure } from '../../../src/connectors/azure/destination'
import { describeDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'

describeDestination({
  name: 'azure',
  capabilities: ['head', 'remove', 'atomic', 'conditional'],
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
      secrets: [signature, azurite.key],
      breakIt: {
        wrongCredentials: () => connect(azurite.sasUrl().replace(/sig=[^&]+/, 'sig=d3Jvbmc%3D')),
        unreachable: () => connect('http://127.0.0.1:9/devstoreaccount1/assets?sv=1&sig=d3Jvbmc%3D'),
      },
      close: azurite.close,
    }
  },
})
