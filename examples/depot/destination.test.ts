// A server for the tests only: put one in its place that refuses what yours refuses.
import { startHttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { describeDestination } from '../../test/connectors/kit/conformance'
import { contextOf } from '../../test/connectors/kit/destination-context'
import { depot } from './destination'

describeDestination({
  name: 'depot',
  capabilities: ['head', 'remove', 'list', 'atomic', 'conditional'],
  start: async () => {
    const token = 'token-of-the-test'
    const server = await startHttpsEndpoint({ authorization: `Bearer ${token}` })
    const make = (more: Record<string, string> = {}) =>
      depot().create(contextOf({ DEPOT_URL: server.url, DEPOT_TOKEN: token, ...more }))
    return {
      destination: make(),
      read: server.read,
      list: async () => server.list(),
      mediaType: async (key) => server.mediaType(key),
      secrets: [token, 'another-token'],
      breakIt: {
        wrongCredentials: () => make({ DEPOT_TOKEN: 'another-token' }),
        unreachable: () => make({ DEPOT_URL: 'http://127.0.0.1:9' }),
      },
      close: server.close,
    }
  },
})
