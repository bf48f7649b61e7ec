import { setTimeout as sleep } from 'node:timers/promises'
import { startAkeneo } from '../../sandbox/akeneo/akeneo'
import type { MovableClock } from '../../sandbox/clock'
import { startPim } from '../../sandbox/pim'
import type { SandboxServer } from '../../sandbox/server'

/** A PIM that both sides ask for products. */
export type BenchPim = {
  server: SandboxServer
  /** Of our actions. */
  inputs: Readonly<Record<string, string>>
  /** Of the rivals' actions. */
  rivalInputs: Readonly<Record<string, string>>
  setProduct(sku: string, attributes: Readonly<Record<string, string>>): void
  clear(): void
  setLatency(ms: number): void
}

/** A plain service with a key, which refuses nobody. */
export async function plainPim(clock: MovableClock): Promise<BenchPim> {
  const server = await startPim({ clock })
  const known: string[] = []
  return {
    server,
    inputs: {
      PIM_COMMUNICATOR: 'rest',
      PIM_REST_URL: `${server.url}/products/{identifier}`,
      PIM_REST_HEADERS: `X-Api-Key: ${server.apiKey}`,
      PIM_REST_PRODUCT: '/data/product',
    },
    rivalInputs: { PIM_URL: server.url, PIM_API_KEY: server.apiKey },
    setProduct: (sku, attributes) => {
      known.push(sku)
      server.setProduct(sku, { ...attributes })
    },
    clear: () => {
      for (const sku of known.splice(0)) server.removeProduct(sku)
    },
    setLatency: (delayMs) => {
      server.faults.clear()
      if (delayMs > 0) server.faults.add({ fault: { kind: 'latency', delayMs } })
    },
  }
}

/** Akeneo, which takes four calls at once and a hundred in a second. */
export async function akeneoPim(clock: MovableClock): Promise<BenchPim> {
  const server = await startAkeneo({ clock })
  const { catalogue, settings } = server
  return {
    server,
    inputs: {
      PIM_COMMUNICATOR: 'akeneo',
      ...server.inputs(),
      AKENEO_CHANNEL: 'ecommerce',
      AKENEO_LOCALES: 'en_US',
    },
    rivalInputs: server.inputs(),
    setProduct: (sku, attributes) => {
      for (const code of Object.keys(attributes)) {
        const attribute = { code, type: 'pim_catalog_text', localizable: false, scopable: false }
        catalogue.attributes.set(code, attribute)
      }
      const values = Object.entries(attributes).map(
        ([code, data]) => [code, [{ locale: null, scope: null, data }]] as const,
      )
      catalogue.setProduct(sku, { values: Object.fromEntries(values) })
    },
    clear: () => catalogue.products.clear(),
    // Within the call, so that a slow one counts among those at once.
    setLatency: (ms) => {
      settings.duringCall = ms > 0 ? () => sleep(ms) : undefined
    },
  }
}
