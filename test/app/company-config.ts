import type { RepositoryCopy } from '../support/repository-copy'

/** What a company makes of `config/`: other names, fewer connectors, two of its own, and more of what is optional. */
const files = {
  'config/enrichment.ts': `import { akeneoPim } from '../src/connectors/akeneo/pim'
import { defineEnrichment, everyAttribute, fromProperty } from '../src/plugin/enrichment'
import { shopPim } from './shop-pim'

const linkProperty = 'acme:sku'

export default defineEnrichment({
  communicators: { shop: shopPim(), erp: akeneoPim({ inputs: 'AKENEO_ERP' }) },
  linkProperty,
  matching: [fromProperty(linkProperty)],
  mapping: [everyAttribute('acme-')],
})
`,
  'config/destinations.ts': `import { folder } from '../src/connectors/folder/destination'
import { s3 } from '../src/connectors/s3/destination'
import { defineDestinations } from '../src/plugin/destinations'
import { bySku } from '../src/plugin/key'
import { shelf } from './shelf'

export default defineDestinations({
  destinations: { archive: s3({ inputs: 'ARCHIVE_S3' }), folder: folder(), s3: s3(), shelf: shelf() },
  key: bySku(),
  renditions: ['cq5dam.web.1280.1280.jpeg'],
  sidecar: true,
  onUnpublish: 'keep',
  onDelete: 'keep',
})
`,
  'config/deployment.ts': `import { defineDeployment } from '../src/plugin/deployment'

export default defineDeployment({
  alarms: { 'export-batch': { cron: '0 3 * * *' }, reconcile: 'off' },
  limits: { generic: { memorySize: 512, concurrency: 50 } },
  runtime: 'nodejs:22',
})
`,
  'config/shop-pim.ts': `import { systemicError } from '../src/core/errors'
import { declareInputs, origin, text, valuesOf } from '../src/plugin/inputs'
import { type PimFactory, pimWith } from '../src/plugin/pim'

const shopInputs = declareInputs({
  SHOP_URL: {
    meaning: 'The address of the shop.',
    required: true,
    example: 'https://shop.example.com',
    shape: origin,
  },
  SHOP_KEY: { meaning: 'The API key of the shop.', required: true, shape: text, secret: true },
})

/** Products of the shop. */
export const shopPim = (): PimFactory =>
  pimWith({ inputs: shopInputs }, (context) => {
    const { SHOP_URL: url, SHOP_KEY: key } = valuesOf(shopInputs, context)
    const shop = context.http.upstream({ name: 'SHOP', origins: [url], concurrency: 4 })
    return {
      name: 'shop',
      source: url,
      getProducts: async (refs, call) => {
        const skus = refs.map(({ value }) => encodeURIComponent(value)).join(',')
        const request = {
          method: 'GET',
          url: \`\${url}/items?sku=\${skus}\`,
          headers: { 'x-api-key': key },
        } as const
        const { status } = await shop.request(request, call)
        if (status !== 200) throw systemicError('SHOP_REFUSED', \`the shop answered \${status}: check SHOP_KEY\`)
        return []
      },
      check: async () => [],
    }
  })
`,
  'config/shelf.ts': `import { folder } from '../src/connectors/folder/destination'
import type { DestinationFactory } from '../src/plugin/destination'
import { declareInputs, isSet, text, valuesOf } from '../src/plugin/inputs'

const shelfInputs = declareInputs({
  SHELF_ROOT: { meaning: 'Where the shelves are mounted.', required: true, example: '/mnt', shape: text },
  SHELF_SHARE: { meaning: 'The secret name of the share.', required: true, shape: text, secret: true },
})

/** A share of the company's, whose name nobody else may know. */
export const shelf = (): DestinationFactory => ({
  inputs: shelfInputs,
  isOn: (context) => isSet(shelfInputs, 'SHELF_SHARE', context),
  create: (context) => {
    const { SHELF_ROOT: mount, SHELF_SHARE: share } = valuesOf(shelfInputs, context)
    return folder({ root: \`\${mount}/\${share}\` }).create(context)
  },
})
`,
} as const

/** Names of inputs that only the company has. */
export const companyInputs = [
  'AKENEO_ERP_URL',
  'ARCHIVE_S3_BUCKET',
  'SHELF_ROOT',
  'SHELF_SHARE',
  'SHOP_KEY',
  'SHOP_URL',
]

/** Writes the company's `config/`. */
export async function writeCompanyConfig(copy: RepositoryCopy): Promise<void> {
  for (const [file, text] of Object.entries(files)) await copy.write(file, text)
}
