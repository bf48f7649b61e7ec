// Calls to Akeneo as its good practices ask for: a token that is kept, four calls at once, and a refusal for too many is
// repeated after a while.
const callsAtOnce = 4
const mostTries = 5

/**
 * @param fetch that of Node, or another one
 * @returns the calls of one container
 */
function akeneoCalls(fetch) {
  let underWay = 0
  let token
  const waiting = []

  async function inTurn(work) {
    if (underWay >= callsAtOnce) await new Promise((resolve) => waiting.push(resolve))
    else underWay += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) underWay -= 1
      else next()
    }
  }

  async function request(url, options = {}) {
    for (let tries = 0; ; tries++) {
      const response = await fetch(url, options)
      if (response.ok || response.status === 412) return response
      if (response.status !== 429 || tries === mostTries) throw new Error(`${response.status} from ${url}`)
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries))
    }
  }

  async function askForToken(params) {
    const { AKENEO_CLIENT_ID: id, AKENEO_CLIENT_SECRET: secret } = params
    const response = await request(`${params.AKENEO_URL}/api/oauth/v1/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        grant_type: 'password',
        username: params.AKENEO_USERNAME,
        password: params.AKENEO_PASSWORD,
      }),
    })
    return (await response.json()).access_token
  }

  return {
    request,
    /** Calls that wait for their turn. */
    waiting: () => waiting.length,
    /** What a GET below /api/rest/v1/ answers. */
    async get(params, path) {
      token ??= askForToken(params)
      const headers = { authorization: `Bearer ${await token}`, accept: 'application/json' }
      return inTurn(async () =>
        (await request(`${params.AKENEO_URL}/api/rest/v1/${path}`, { headers })).json(),
      )
    },
  }
}

module.exports = { akeneoCalls }
