// What this app is measured against: the same job as the usual App Builder sample does it, on the whole
// @adobe/aio-sdk. Nothing here is an example to follow.
const { Core, State } = require('@adobe/aio-sdk')
const fetch = require('node-fetch')

async function main(params) {
  const logger = Core.Logger('generic', { level: params.LOG_LEVEL || 'info' })
  try {
    if (params.challenge) return { statusCode: 200, body: { challenge: params.challenge } }

    const state = await State.init()
    const { value: cached } = (await state.get('ims-token')) || {}
    const token = cached || (await getToken(params))
    if (!cached) await state.put('ims-token', token, { ttl: 3600 })

    const host = params.data.repositoryMetadata['repo:repositoryId']
    const assetId = params.data.repositoryMetadata['repo:assetId']
    const url = `https://${host}/adobe/assets/${assetId}/metadata`
    const headers = { Authorization: `Bearer ${token}`, 'X-Api-Key': params.ADC_CECREDENTIALS_CLIENTID }
    const asset = await (await fetch(url, { headers })).json()
    const product = { SKUID: 'MockSKU 123', SupplierName: 'mock-supplier' }
    const patch = Object.entries(product).map(([name, value]) => ({
      op: 'add',
      path: `/wknd-${name.toLowerCase()}`,
      value,
    }))
    await fetch(url, {
      method: 'PATCH',
      headers: { ...headers, 'Content-Type': 'application/json-patch+json', 'If-Match': '*' },
      body: JSON.stringify(patch),
    })
    return {
      statusCode: 200,
      body: { message: 'done', assetdata: { assetId, host, asset, pimdata: product } },
    }
  } catch (error) {
    logger.error(error)
    return { error: { statusCode: 500, body: { error: 'server error' } } }
  }
}

async function getToken(params) {
  const response = await fetch('https://ims-na1.adobelogin.com/ims/token/v3', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: params.ADC_CECREDENTIALS_CLIENTID,
      client_secret: params.ADC_CECREDENTIALS_CLIENTSECRET,
      scope: params.ADC_CECREDENTIALS_METASCOPES,
    }),
  })
  return (await response.json()).access_token
}

exports.main = main
