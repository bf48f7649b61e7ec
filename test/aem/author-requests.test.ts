import { createAuthorRequests } from '../../src/aem/author-requests'
import { createHttpClient } from '../../src/http/http-client'
import type { Tokens } from '../../src/http/tokens'
import { startCall } from '../support/call'
import { type HeldServer, startHeldServer } from '../support/held-server'
import { createTestClock, type TestClock } from '../support/test-clock'

let clock: TestClock
let servers: HeldServer[]
beforeEach(async () => {
  clock = createTestClock()
  servers = [await startHeldServer(clock), await startHeldServer(clock)]
})
afterEach(() => Promise.all(servers.map((server) => server.close())))

const tokens: Tokens = {
  token: async () => 'token',
  accepted: () => undefined,
  refused: () => false,
  forbidden: () => false,
}

function sendMany(concurrency: number, count: number): Promise<unknown>[] {
  const author = createAuthorRequests(
    { origins: servers.map(({ url }) => url), apiKey: 'client-1', experimental: true, concurrency },
    { http: createHttpClient({ clock }), tokens, clock },
  )
  return servers.flatMap(({ url }) =>
    Array.from({ length: count }, () =>
      author.send(url, { method: 'GET', url: `${url}/adobe/assets/1/metadata` }, startCall()),
    ),
  )
}

test('an author gets eight requests at once, more while it keeps up, and each author by itself', async () => {
  const sent = sendMany(10, 100)
  const [one, other] = servers
  if (one === undefined || other === undefined) throw new Error()
  expect(await one.underWay(8)).toBe(8)
  for (const expected of [9, 10, 10]) {
    one.answerAll('{}')
    // The ninth comes with the eighth answer of a round.
    await one.underWay(8)
    one.answerAll('{}')
    expect(await one.underWay(expected)).toBe(expected)
  }
  expect(await other.underWay(8)).toBe(8)
  await Promise.all(servers.map((server) => server.close()))
  await Promise.allSettled(sent)
})

test('AEM_CONCURRENCY is the most, also below eight', async () => {
  const sent = sendMany(3, 20)
  const [one] = servers
  for (const _ of [1, 2, 3]) {
    expect(await one?.underWay(3)).toBe(3)
    one?.answerAll('{}')
  }
  await Promise.all(servers.map((server) => server.close()))
  await Promise.allSettled(sent)
})
