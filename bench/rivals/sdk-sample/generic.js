// What a cold start is measured against: the same job as the usual App Builder sample does it, on the whole
// @adobe/aio-sdk. Nothing here is an example to follow.
//
// In its favour: the token is in State already, so its first event asks for none at IMS; the PIM is asked and the asset
// is read at once; and the patch is sent without a look at what the asset holds.
const { Core, State } = require('@adobe/aio-sdk')
const fetch = require('node-fetch')
const { imsToken } = require('../ims-token')

async function main(params) {
  const logger = Core.Logger('generic', { level: params.LOG_LEVEL || 'info' })
  try {
    if (params.challenge) return { statusCode: 200, body: { challenge: params.challenge } }

    const state = await State.init()
    const { value: cached } = (await state.get('ims-token')) || {}
    const credentials = {
      url: params.IMS_URL,
      clientId: params.CLIENT_ID,
      clientSecret: params.CLIENT_SECRET,
      scopes: params.SCOPES,
    }
    const token = cached || (await imsToken(credentials, fetch))
    if (!cached) await state.put('ims-token', token, { ttl: 3600 })

    const { 'repo:repositoryId': host, 'repo:name': name } = params.data.repositoryMetadata
    const { assetId } = params.data
    if (!params.AEM_URL.endsWith(`//${host}`)) throw new Error(`${host} is not ours`)
    const url = `${params.AEM_URL}/adobe/assets/${assetId}/metadata`
    const headers = { Authorization: `Bearer ${token}`, 'X-Api-Key': params.CLIENT_ID }
    const sku = name.replace(/\.[^.]*$/, '')
    const [asset, { data }] = await Promise.all([
      json(url, { headers }),
      json(`${params.PIM_URL}/products/${encodeURIComponent(sku)}`, {
        headers: { 'X-Api-Key': params.PIM_API_KEY },
      }),
    ])
    const patch = Object.entries(data.product).map(([attribute, value]) => ({
      op: 'add',
      path: `/wknd-${attribute.toLowerCase()}`,
      value,
    }))
    await json(url, {
      method: 'PATCH',
      headers: { ...headers, 'Content-Type': 'application/json-patch+json', 'If-Match': '*' },
      body: JSON.stringify(patch),
    })
    logger.info(`updated ${assetId}`)
    return {
      statusCode: 200,
      body: { message: 'done', assetdata: { assetId, host, asset, pimdata: data.product } },
    }
  } catch (error) {
    logger.error(error)
    return { error: { statusCode: 500, body: { error: 'server error' } } }
  }
}

async function json(url, options) {
  const response = await fetch(url, options)
  if (!response.ok) throw new Error(`${response.status} of ${url}`)
  return response.json()
}

exports.main = main
