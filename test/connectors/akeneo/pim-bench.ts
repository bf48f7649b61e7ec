import { type AkeneoOptions, type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import { type AkeneoPimOptions, akeneoPim } from '../../../src/connectors/akeneo/pim'
import type { Clock } from '../../../src/core/clock'
import { createHttpClient } from '../../../src/http/http-client'
import type { PimCommunicator, Product, ProductPage, ProductRef } from '../../../src/plugin/pim'
import { startCall } from '../../support/call'
import { createTestClock, type TestClock } from '../../support/test-clock'
import { pimContext } from '../kit/pim-context'

/** A container with the communicator in it, in front of an Akeneo of its own. */
export type AkeneoBench = {
  server: AkeneoStandIn
  clock: TestClock
  /** As after a cold start: a communicator that has learnt nothing yet. */
  fresh(
    inputs?: Readonly<Record<string, string>>,
    options?: AkeneoPimOptions,
    ownClock?: Clock,
  ): PimCommunicator
  /** Asks the one communicator of the bench; the uuids, which are made up by the stand-in, are left out. */
  pim: PimCommunicator
  get(...refs: ProductRef[]): Promise<readonly Product[]>
  /** The calls of the REST API so far, without their fixed beginning. */
  calls(): string[]
  /** Those for products. */
  productCalls(): string[]
  close(): Promise<void>
}

export const sku = (value: string): ProductRef => ({ kind: 'identifier', value })
export const uuid = (value: string): ProductRef => ({ kind: 'uuid', value })
export const model = (value: string): ProductRef => ({ kind: 'model', value })

/** Starts it; back-off waits half of what it may, by a clock that is moved by it. */
export async function startBench(
  inputs: Readonly<Record<string, string>> = {},
  options: Omit<AkeneoOptions, 'clock'> = {},
): Promise<AkeneoBench> {
  const clock = createTestClock()
  const server = await startAkeneo({ clock, ...options })
  const fresh: AkeneoBench['fresh'] = (more = inputs, pimOptions = {}, ownClock = clock) => {
    const context = pimContext({ ...server.inputs(), ...more })
    return akeneoPim(pimOptions)({
      ...context,
      clock: ownClock,
      http: createHttpClient({ clock: ownClock, random: () => 0.5 }),
    })
  }
  const pim = fresh()
  const calls = (): string[] =>
    server.requests.map(({ method, path }) => `${method} ${path.replace('/api/rest/v1/', '')}`)
  return {
    server,
    clock,
    fresh,
    pim,
    get: async (...refs) => {
      const products = await pim.getProducts(refs, startCall())
      return products.map(({ identifier, attributes }) => ({ identifier, attributes }))
    },
    calls: () => calls().filter((call) => !call.endsWith('/token')),
    productCalls: () => calls().filter((call) => / products/.test(call)),
    close: () => server.close(),
  }
}

/** All pages since a cursor. */
export async function changes(
  pim: PimCommunicator,
  cursor?: string,
  signal = startCall(),
): Promise<ProductPage[]> {
  const pages: ProductPage[] = []
  for await (const page of pim.changesSince?.(cursor, signal) ?? []) pages.push(page)
  return pages
}
