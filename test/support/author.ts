import { type AemOptions, type AemStandIn, startAem } from '../../sandbox/aem/author'
import { type ImsStandIn, startIms } from '../../sandbox/ims'
import { type AssetsClient, type AssetsClientOptions, createAssetsClient } from '../../src/aem/assets-client'
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
  close(): Promise<void>
}

const credentials = { clientId: 'client-1', clientSecret: 'secret-1234', scopes: ['aem.assets.author'] }

export async function startAuthor(
  options: Omit<AemOptions, 'clock' | 'isValidToken' | 'allowedClientIds' | 'port'> = {},
): Promise<TestAuthor> {
  const clock = createTestClock()
  const ims = await startIms({ clock, ...credentials })
  const aem = await startAem({ ...options, clock, isValidToken: ims.isValid, allowedClientIds: ['client-1'] })
  return {
    clock,
    ims,
    aem,
    client(overrides = {}) {
      const http = createHttpClient({ clock })
      const tokens = createTokenProvider(
        { imsUrl: ims.url, ...credentials },
        { http, redactor: createRedactor(), clock },
      )
      return createAssetsClient(
        {
          origins: [aem.url],
          apiKey: 'client-1',
          patchPaths: 'auto',
          experimental: true,
          concurrency: 4,
          ...overrides,
        },
        { http, tokens, clock },
      )
    },
    async close() {
      await aem.close()
      await ims.close()
    },
  }
}
