import { type AkeneoStandIn, startAkeneo } from '../../../sandbox/akeneo/akeneo'
import type { AssetFamily } from '../../../sandbox/akeneo/asset-families'
import type { Allowance } from '../../../sandbox/akeneo/throttle'
import type { MovableClock } from '../../../sandbox/clock'
import { type AkeneoOptions, akeneo } from '../../../src/connectors/akeneo/destination'
import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import type { Asset } from '../../../src/core/asset'
import type { JsonValue } from '../../../src/core/json'
import type { AssetBinary, Destination } from '../../../src/plugin/destination'
import { createTestClock, type TestClock } from '../../support/test-clock'
import { type ContextParts, contextOf } from '../kit/destination-context'

/** An Akeneo with a family, and destinations in front of it. */
export type AkeneoTarget = {
  server: AkeneoStandIn
  /** That destinations wait by. */
  clock: TestClock
  family: AssetFamily
  make(
    options?: AkeneoOptions,
    inputs?: Readonly<Record<string, string | undefined>>,
    parts?: Pick<ContextParts, 'dueAsset'>,
  ): Destination
  /** What a user of Akeneo finds in an attribute of the asset for a key. */
  data(key: string, attribute?: string): JsonValue | undefined
  /** The file behind an asset's media attribute, byte for byte. */
  read(key: string): Promise<Buffer | undefined>
  /** The calls of the REST API so far, without their fixed beginning and without tokens. */
  calls(): string[]
  uploads(): number
}

/**
 * The family is called `packshots`.
 * @param standInClock of the stand-in, where it is not the one that destinations wait by
 * @param allowance of calls, where it is not the documented one that matters
 */
export async function startAkeneoTarget(
  standInClock?: MovableClock,
  allowance?: Allowance,
): Promise<AkeneoTarget> {
  const clock = createTestClock(Date.now())
  const server = await startAkeneo({ clock: standInClock ?? clock, ...(allowance && { allowance }) })
  const family = server.assets.addFamily('packshots')
  const data: AkeneoTarget['data'] = (key, attribute = 'media') =>
    family.assets.get(assetCode(key))?.values[attribute]?.[0]?.data
  const calls = (): string[] =>
    server.requests
      .map(({ method, path }) => `${method} ${path.replace('/api/rest/v1/', '')}`)
      .filter((call) => !call.endsWith('/token'))
  return {
    server,
    clock,
    family,
    make: (options = {}, inputs = {}, parts = {}) => {
      const on = { ...server.inputs(), AKENEO_ASSET_FAMILY: 'packshots', ...inputs }
      return akeneo(options).create(contextOf(on, { clock, ...parts }))
    },
    data,
    read: async (key) => server.assets.media.get(String(data(key)))?.read(),
    calls,
    uploads: () => calls().filter((call) => /^POST (asset-)?media-files$/.test(call)).length,
  }
}

/** A file that knows its asset, as the app hands it over. */
export function ofAsset<Source extends AssetBinary>(
  source: Source,
  metadata: Asset['metadata'],
  path = '/content/dam/shop/lamp.png',
): Source {
  const asset: Asset = {
    origin: 'https://author-p1-e2.adobeaemcloud.com',
    id: 'urn:aaid:aem:1',
    path,
    name: source.name,
    metadata,
    repository: {},
    etag: '"1"',
  }
  return { ...source, asset }
}
