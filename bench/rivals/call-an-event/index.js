// What pim-events and pim-sync are measured against: one action that does each product event by itself, as a sample
// would. In its favour: tokens are kept by the container, connections are reused, calls to the PIM are limited to the four
// at once that Akeneo allows and repeated after a 429, assets in step get no PATCH, and when too many calls wait it answers
// 429, so that Akeneo sends slower. Nothing here is an example to follow.
const { akeneoCalls } = require('../akeneo-calls')
const { boundCredentials, imsToken } = require('../ims-token')

const { request, waiting, get: pim } = akeneoCalls(fetch)

/** More than that would not be answered within the five seconds that Akeneo waits. */
const mostWaiting = 60
let token

function tokenOfIms(params) {
  token ??= imsToken(boundCredentials(params), request)
  return token
}

async function productsOf({ product, product_model: model }, params) {
  if (product !== undefined) return [await pim(params, `products-uuid/${product.uuid}`)]
  const search = JSON.stringify({ parent: [{ operator: '=', value: model.code }] })
  const query = new URLSearchParams({ search, limit: '100', pagination_type: 'search_after' })
  return (await pim(params, `products-uuid?${query}`))._embedded.items
}

async function update(product, params) {
  const author = params.AEM_AUTHOR_URLS.split(',')[0]
  const headers = {
    authorization: `Bearer ${await tokenOfIms(params)}`,
    'x-api-key': params.ADC_CECREDENTIALS_CLIENTID,
    'x-adobe-accept-experimental': '1',
  }
  const values = Object.entries(product.values).map(([name, [{ data }]]) => [`wknd-${name}`, data])
  const query = new URLSearchParams({
    path: '/content/dam',
    type: 'dam:Asset',
    property: 'jcr:content/metadata/wknd-skuid',
    'property.1_value': product.values.sku[0].data,
    orderby: 'path',
    'p.limit': '100',
    'p.offset': '0',
    'p.guessTotal': 'true',
    'p.hits': 'selective',
    'p.properties': 'jcr:path jcr:uuid',
  })
  const { hits } = await (await request(`${author}/bin/querybuilder.json?${query}`, { headers })).json()
  for (const hit of hits) {
    const url = `${author}/adobe/assets/urn:aaid:aem:${hit['jcr:uuid']}/metadata`
    for (let tries = 0; tries < 5; tries++) {
      const read = await request(url, { headers })
      const { assetMetadata } = await read.json()
      const patch = values
        .filter(([name, value]) => assetMetadata[name] !== value)
        .map(([name, value]) => ({ op: 'add', path: `/${name}`, value }))
      if (patch.length === 0) break
      const written = await request(url, {
        method: 'PATCH',
        headers: {
          ...headers,
          'content-type': 'application/json-patch+json',
          'if-match': read.headers.get('etag'),
        },
        body: JSON.stringify(patch),
      })
      // Read to its end, so that the connection is used again.
      await written.arrayBuffer()
      if (written.status !== 412) break
    }
  }
}

async function main(params) {
  if (waiting() > mostWaiting) return { error: { statusCode: 429, body: {} } }
  try {
    const { data } = JSON.parse(Buffer.from(params.__ow_body, 'base64').toString())
    for (const product of await productsOf(data, params)) await update(product, params)
    return { statusCode: 200, body: {} }
  } catch (error) {
    console.error(error)
    return { error: { statusCode: 500, body: {} } }
  }
}

exports.main = main
