import { startHttpsEndpoint } from '../../../sandbox/targets/https-endpoint'
import { freePort } from '../../../sandbox/targets/ssh-server'
import { https } from '../../../src/connectors/https/destination'
import { describeDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'

const secret = 'a secret that signs'
const token = 'abcdefghijklmnop'

describeDestination({
  name: 'https (PUT, with everything)',
  capabilities: ['head', 'remove', 'atomic', 'conditional'],
  start: async () => {
    const endpoint = await startHttpsEndpoint({ authorization: `Bearer ${token}`, secret })
    const inputs = {
      HTTPS_URL: `${endpoint.url}/files/{key}`,
      HTTPS_AUTH: `Bearer ${token}`,
      HTTPS_SECRET: secret,
      HTTPS_HEAD: 'X-Held-Version',
    }
    const make = (more: Record<string, string> = {}) =>
      https({ atomic: true, conditional: true, remove: true }).create(contextOf({ ...inputs, ...more }))
    const nowhere = `http://127.0.0.1:${await freePort()}/files/{key}`
    return {
      destination: make(),
      read: endpoint.read,
      list: async () => endpoint.list(),
      mediaType: async (key) => endpoint.mediaType(key),
      secrets: [secret, token],
      breakIt: {
        wrongCredentials: () => make({ HTTPS_AUTH: 'Bearer another-token' }),
        unreachable: () => make({ HTTPS_URL: nowhere }),
      },
      close: endpoint.close,
    }
  },
})

describeDestination({
  name: 'https (POST, no HEAD)',
  capabilities: ['atomic'],
  start: async () => {
    const endpoint = await startHttpsEndpoint({ authorization: 'Basic dXNlcjpwYXNzd29yZA==' })
    const inputs = {
      HTTPS_URL: `${endpoint.url}/files/{key}`,
      HTTPS_METHOD: 'post',
      HTTPS_AUTH: 'Basic user:password',
    }
    return {
      destination: https({ atomic: true }).create(contextOf(inputs)),
      read: endpoint.read,
      list: async () => endpoint.list(),
      mediaType: async (key) => endpoint.mediaType(key),
      secrets: ['dXNlcjpwYXNzd29yZA=='],
      breakIt: {
        wrongCredentials: () => https().create(contextOf({ ...inputs, HTTPS_AUTH: 'Basic user:wrong' })),
      },
      close: endpoint.close,
    }
  },
  except: { 'names wrong credentials in its check': 'nothing can be tried without HEAD and DELETE' },
})
