/**
 * A token of IMS by the credentials of a server, as each rival asks for one.
 * @param fetch that of Node, or another one
 */
async function imsToken({ url, clientId, clientSecret, scopes }, fetch) {
  const response = await fetch(`${url}/ims/token/v3`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: scopes,
    }),
  })
  if (!response.ok) throw new Error(`IMS answered ${response.status}`)
  return (await response.json()).access_token
}

/** The credentials as they are bound to an action. */
const boundCredentials = (params) => ({
  url: params.IMS_URL,
  clientId: params.ADC_CECREDENTIALS_CLIENTID,
  clientSecret: params.ADC_CECREDENTIALS_CLIENTSECRET,
  scopes: params.ADC_CECREDENTIALS_METASCOPES,
})

module.exports = { boundCredentials, imsToken }
