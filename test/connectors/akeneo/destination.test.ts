import { freePort } from '../../../sandbox/targets/ssh-server'
import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import type { Destination } from '../../../src/plugin/destination'
import { describeDestination } from '../kit/conformance'
import { ofAsset, startAkeneoTarget } from './destination-bench'

const secrets = ['sandbox-client-secret', 'sandbox-password']

/** Codes say nothing of the key they were made from: who lists knows the keys that were asked for. */
function noting(destination: Destination, keys: Map<string, string>): Destination {
  return {
    ...destination,
    put: (key, source, options, call) => {
      keys.set(assetCode(key), key)
      return destination.put(key, source, options, call)
    },
  }
}

describeDestination({
  name: 'akeneo (Asset Manager)',
  capabilities: ['head', 'remove', 'atomic'],
  start: async () => {
    const target = await startAkeneoTarget()
    const keys = new Map<string, string>()
    const media = (key: string) => target.server.assets.media.get(String(target.data(key)))
    return {
      destination: noting(target.make(), keys),
      read: target.read,
      list: async () => [...target.family.assets.keys()].map((code) => keys.get(code) ?? code),
      mediaType: async (key) => media(key)?.mediaType,
      secrets,
      breakIt: {
        wrongCredentials: () => target.make({}, { AKENEO_PASSWORD: 'wrong-password' }),
        unreachable: async () => target.make({}, { AKENEO_URL: `http://127.0.0.1:${await freePort()}` }),
      },
      close: target.server.close,
    }
  },
})

/** Each key is a product of its own. */
const skuOf = (key: string): string => assetCode(key)

describeDestination({
  name: 'akeneo (media file of products)',
  capabilities: ['head', 'atomic'],
  start: async () => {
    const { server, make } = await startAkeneoTarget()
    const { catalogue } = server
    catalogue.setAttribute({ code: 'packshot', type: 'pim_catalog_image' })
    catalogue.setAttribute({ code: 'bridge_version', type: 'pim_catalog_text' })
    const inputs = { AKENEO_ASSET_FAMILY: undefined, AKENEO_PRODUCT_MEDIA: 'packshot' }
    const keys = new Set<string>()
    const withProducts = (destination: Destination): Destination => ({
      ...destination,
      // The app hands over what is to be put; here the product is all that matters.
      head: async (key, call, source) => {
        const known = source ?? { name: '', size: 0, mediaType: '', version: '', modified: 0, open: fail }
        return destination.head?.(key, call, ofAsset(known, { 'wknd-skuid': skuOf(key) }))
      },
      put: (key, source, options, call) => {
        keys.add(key)
        if (catalogue.bySku(skuOf(key)) === undefined) catalogue.setProduct(skuOf(key))
        return destination.put(key, ofAsset(source, { 'wknd-skuid': skuOf(key) }), options, call)
      },
    })
    const media = (key: string) => {
      const product = catalogue.bySku(skuOf(key))
      return server.assets.media.get(String(product?.values.packshot?.[0]?.data))
    }
    return {
      destination: withProducts(make({}, inputs)),
      read: async (key) => media(key)?.read(),
      list: async () => [...keys].filter((key) => media(key) !== undefined),
      mediaType: async (key) => media(key)?.mediaType,
      secrets,
      breakIt: {
        wrongCredentials: () => withProducts(make({}, { ...inputs, AKENEO_PASSWORD: 'wrong-password' })),
      },
      close: server.close,
    }
  },
})

const fail = () => Promise.reject(new Error('nobody reads it'))
