import { type AemOptions, type AemStandIn, startAem } from '../../sandbox/aem/author'
import { type ImsStandIn, startIms } from '../../sandbox/ims'
import { type AssetsClient, type AssetsClientOptions, createAssetsClient } from '../../src/aem/assets-client'
import { type AuthorRequests, createAuthorRequests } from '../../src/aem/author-requests'
import { createRedactor } from '../../src/core/redaction'
import { createHttpClient } from '../../src/http/http-client'
import { createTokenProvider } from '../../src/ims/token-provider'
import { createTestClock, type TestClock } from './test-clock'

/** An author with its IMS, and the app's client in front of them, all on one clock that stands still. */
export type TestAuthor = {
  clock: TestClock
  ims: ImsStandIn
  aem: AemStandIn
  /** A client as a fresh container has it. */
  client(options?: Partial<AssetsClientOptions>): AssetsClient
  /** The requests of such a container, for what is built on them. */
  requests(): AuthorRequests
  close(): Promise<void>
}

const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }

export async function startAuthor(
  options: Omit<AemOptions, 'clock' | 'isValidToken' | 'allowedClientIds' | 'port'> = {},
): Promise<TestAuthor> {
  const clock = createTestClock()
  const ims = await startIms({ clock, ...credentials })
  const aem = await startAem({ ...options, clock, isValidToken: ims.isValid, allowedClientIds: ['client-1'] })
  const settings = { origins: [aem.url], apiKey: 'client-1', experimental: true, concurrency: 4 }
  const access = () => {
    const http = createHttpClient({ clock })
    const parts = { http, redactor: createRedactor(), clock }
    return { http, tokens: createTokenProvider({ imsUrl: ims.url, ...credentials }, parts), clock }
  }
  return {
    clock,
    ims,
    aem,
    client: (overrides = {}) =>
      createAssetsClient({ ...settings, patchPaths: 'auto', ...overrides }, access()),
    requests: () => createAuthorRequests(settings, access()),
    async close() {
      await aem.close()
      await ims.close()
    },
  }
}
