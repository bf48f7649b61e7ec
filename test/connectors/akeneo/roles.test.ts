import type { AkeneoOptions } from '../../../src/connectors/akeneo/destination'
import { assetCode } from '../../../src/connectors/akeneo/media/assets'
import type { Asset } from '../../../src/core/asset'
import type { AssetBinary, Destination } from '../../../src/plugin/destination'
import { roleByFileName, roleByProperty } from '../../../src/plugin/destinations'
import { startCall } from '../../support/call'
import { fakeBinary } from '../kit/fake-binary'
import { type AkeneoTarget, ofAsset, startAkeneoTarget } from './destination-bench'

const never = startCall()
const inputs = { AKENEO_ASSET_FAMILY: undefined, AKENEO_PRODUCT_MEDIA: 'picture' }
const options: AkeneoOptions = {
  roles: roleByFileName(/_(\d+)\.\w+$/),
  gallery: { 2: 'picture_2', 3: 'picture_3' },
}

let target: AkeneoTarget
beforeEach(async () => {
  target = await startAkeneoTarget()
  const { catalogue } = target.server
  for (const code of ['picture', 'picture_2', 'picture_3']) {
    catalogue.setAttribute({ code, type: 'pim_catalog_image' })
    catalogue.setAttribute({ code: code.replace('picture', 'bridge_version'), type: 'pim_catalog_text' })
  }
  catalogue.setProduct('LAMP-8')
  catalogue.setProduct('LAMP-9')
})
afterEach(() => target.server.close())

type Picture = AssetBinary & { asset: Asset }

/** The file of an asset of this id. */
function picture(id: number, name = 'lamp_1.png', metadata: Asset['metadata'] = {}, seed = id): Picture {
  const known = ofAsset(fakeBinary({ size: 1_000, seed, name }), { 'wknd-skuid': 'LAMP-8', ...metadata })
  const asset: Asset = { ...known.asset, ...assetOf(known), id: `urn:aaid:aem:${id}` }
  return { ...known, asset }
}

function assetOf({ asset }: AssetBinary): Asset {
  if (asset === undefined) throw new Error('a file without an asset')
  return asset
}

/** As the flow does: what is held already is not stored; what has moved is looked at again. */
async function bring(source: AssetBinary, destination: Destination, key = 'shop/lamp.png'): Promise<string> {
  for (let round = 1; ; round++) {
    const held = await destination.head?.(key, never, source)
    if (held?.declined !== undefined) return held.declined
    if (held?.version === source.version) return 'unchanged'
    try {
      const stored = await destination.put(key, source, held ? { previous: held } : {}, never)
      return stored.declined ?? 'stored'
    } catch (thrown) {
      const isMoved = thrown instanceof Object && 'code' in thrown && thrown.code === 'DESTINATION_CHANGED'
      if (!isMoved || round === 3) throw thrown
    }
  }
}

const make = (more: AkeneoOptions = {}, parts?: Parameters<AkeneoTarget['make']>[2]) =>
  target.make({ ...options, ...more }, inputs, parts)

const value = (attribute: string, sku = 'LAMP-8') =>
  target.server.catalogue.bySku(sku)?.values[attribute]?.[0]?.data
const shown = (attribute: string, sku?: string) => String(value(attribute, sku))

async function expectShown(attribute: string, source: AssetBinary, sku?: string): Promise<void> {
  const file = await target.server.assets.media.get(shown(attribute, sku))?.read()
  expect(file?.equals(await bytesOf(source))).toBe(true)
}

async function bytesOf(source: AssetBinary): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of await source.open(never)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const patches = () => target.calls().filter((call) => call.startsWith('PATCH')).length

describe('several assets of one product', () => {
  it('each go to the attribute of their role and position', async () => {
    const destination = make()
    const all = [picture(3, 'lamp_2.png'), picture(1, 'lamp_3.png'), picture(2, 'lamp_1.png')] as const
    for (const one of all) expect(await bring(one, destination)).toBe('stored')
    await expectShown('picture_2', all[0])
    await expectShown('picture_3', all[1])
    await expectShown('picture', all[2])
    for (const one of all) expect(await bring(one, make())).toBe('unchanged')
    expect(target.uploads()).toBe(3)
  })

  it.each([
    ['lamp.png', 'the asset has no role'],
    ['lamp_7.png', 'no attribute for position 7'],
  ])('without a place are left out, and nothing is asked: %s', async (name, reason) => {
    expect(await bring(picture(1, name), make())).toContain(reason)
    const late = await make().put('shop/lamp.png', picture(1, name), {}, never)
    expect(late.declined).toContain(reason)
    expect(target.calls()).toEqual([])
    const unplaced = picture(1, name, { 'wknd-role': 'gallery' })
    const byProperty = make({ roles: roleByProperty('wknd-role') })
    expect(await bring(unplaced, byProperty)).toContain('without a position')
  })

  it.each([
    [1, 2],
    [2, 1],
  ])(
    'of one role: the one with the lowest id is shown, whichever comes first: %i, then %i',
    async (...ids) => {
      const events = [...ids, ...ids.toReversed(), ...ids]
      const said = new Map<number, string>()
      for (const id of events) said.set(id, await bring(picture(id), make()))
      await expectShown('picture', picture(1))
      expect(said.get(1)).toBe('unchanged')
      expect(said.get(2)).toMatch(/^picture of the product "LAMP-8" is held by the asset urn:aaid:aem:1/)
      expect(target.uploads()).toBe(ids[0])
      expect(patches()).toBe(ids[0])
    },
  )

  it('are told apart, although their files have the same bytes', async () => {
    expect(await bring(picture(2, undefined, {}, 5), make())).toBe('stored')
    expect(await bring(picture(1, undefined, {}, 5), make())).toBe('stored')
    expect(await bring(picture(2, undefined, {}, 5), make())).toContain('urn:aaid:aem:1')
    expect(target.uploads()).toBe(1)
  })

  it('are shown by each product for itself', async () => {
    await bring(picture(1), make())
    const ofBoth = picture(2, undefined, { 'wknd-skuid': ['LAMP-8', 'LAMP-9'] })
    expect(await bring(ofBoth, make())).toBe('stored')
    expect(await bring(ofBoth, make())).toBe('unchanged')
    await expectShown('picture', picture(1))
    await expectShown('picture', ofBoth, 'LAMP-9')
  })
})

describe('two assets of one role that come at the same time', () => {
  it.each([
    [1, 2],
    [2, 1],
  ])('end the same in one container: %i before %i', async (...ids) => {
    const destination = make()
    await Promise.all(ids.map((id) => bring(picture(id), destination)))
    await expectShown('picture', picture(1))
    for (const id of ids) await bring(picture(id), destination)
    expect(target.uploads()).toBe(ids[0])
  })

  it('end the same in two containers', async () => {
    for (let round = 0; round < 5; round++) {
      target.server.catalogue.setProduct('LAMP-8', { values: {} })
      await Promise.all([2, 1, 3].map((id) => bring(picture(id), make())))
      await expectShown('picture', picture(1))
      expect(await bring(picture(1), make())).toBe('unchanged')
    }
  })

  it('end the same although the other one came whole while the first was on its way', async () => {
    const slow = picture(2)
    const late: Picture = {
      ...slow,
      async open(call) {
        await bring(picture(1), make())
        return slow.open(call)
      },
    }
    expect(await bring(late, make())).toContain('urn:aaid:aem:1')
    await expectShown('picture', picture(1))
    expect(await bring(picture(1), make())).toBe('unchanged')
    expect(target.uploads()).toBe(2)
  })
})

describe('a file that replaced that of a lower id, and whose run ended before it gave the place back', () => {
  it('gives it back the next time', async () => {
    const slow = picture(2)
    const late: Picture = {
      ...slow,
      async open(call) {
        await bring(picture(1), make())
        const fault = { kind: 'status', status: 503 } as const
        target.server.faults.add({ method: 'PATCH', path: /products/, fault })
        return slow.open(call)
      },
    }
    await expect(bring(late, make())).rejects.toMatchObject({ failureClass: 'transient' })
    target.server.faults.clear()
    await expectShown('picture', slow)

    expect(await bring(slow, make())).toContain('urn:aaid:aem:1')
    await expectShown('picture', picture(1))
    expect(await bring(picture(1), make())).toBe('unchanged')
  })
})

describe('a place', () => {
  const holder = picture(1)
  const other = (metadata = {}, name?: string): Asset => picture(1, name, metadata).asset
  const dueAsset = (asset: Asset | undefined) => ({ dueAsset: async () => asset })

  it.each<[string, Asset | undefined, boolean]>([
    ['is free when its asset is gone, or is not due any more', undefined, true],
    ['is free when its asset has another role', other({}, 'lamp_2.png'), true],
    ['is free when its asset names another product', other({ 'wknd-skuid': 'LAMP-9' }), true],
    ['is held while AEM says so', other(), false],
  ])('%s', async (_, asset, isFree) => {
    await bring(holder, make())
    const said = await bring(picture(2), make({}, dueAsset(asset)))
    expect(said).toEqual(isFree ? 'stored' : expect.stringContaining('urn:aaid:aem:1'))
    await expectShown('picture', isFree ? picture(2) : holder)
    // It is due again.
    expect(await bring(holder, make())).toBe(isFree ? 'stored' : 'unchanged')
  })

  it('is free when somebody empties it in Akeneo', async () => {
    await bring(holder, make())
    const { picture: _, ...values } = target.server.catalogue.bySku('LAMP-8')?.values ?? {}
    target.server.catalogue.setProduct('LAMP-8', { values })
    expect(await bring(picture(2), make())).toBe('stored')
  })

  it('is held although somebody has replaced the file by hand, and its asset brings it back', async () => {
    await bring(picture(2, 'lamp_2.png'), make())
    await bring(holder, make())
    const [held] = target.server.catalogue.bySku('LAMP-8')?.values.picture ?? []
    if (held) held.data = shown('picture_2')
    expect(await bring(picture(3), make())).toContain('urn:aaid:aem:1')
    expect(await bring(holder, make())).toBe('stored')
    await expectShown('picture', holder)
  })

  it('gets an owner without an upload, when the file came before there were roles', async () => {
    const without = target.make({}, inputs)
    expect(await bring(holder, without)).toBe('stored')
    const plain = value('bridge_version')
    expect(plain).toMatch(/^v-1-1000 1000 [0-9a-f]{12}$/)
    expect(await bring(holder, make())).toBe('stored')
    expect(await bring(picture(2), make())).toContain('urn:aaid:aem:1')
    expect(target.uploads()).toBe(1)
    // And back: what names an owner is understood without roles.
    expect(await bring(holder, target.make({}, inputs))).toBe('unchanged')
  })

  it('takes versions and ids of any length', async () => {
    const long = {
      ...holder,
      version: 'v'.repeat(200),
      asset: { ...holder.asset, id: `urn:${'i'.repeat(200)}` },
    }
    expect(await bring(long, make())).toBe('stored')
    expect(await bring(long, make())).toBe('unchanged')
    target.server.catalogue.setAttribute({
      code: 'bridge_version',
      type: 'pim_catalog_text',
      maxCharacters: 250,
    })
    const onOther = picture(2, undefined, { 'wknd-skuid': 'LAMP-9' })
    await expect(bring(onOther, make())).rejects.toMatchObject({ code: 'AKENEO_ATTRIBUTE_UNKNOWN' })
  })

  it.each(['POST', 'PATCH'])('has its file once when the answer to a %s was lost', async (method) => {
    target.server.faults.add({
      method,
      path: /media-files|products/,
      times: 1,
      fault: { kind: 'resetAfter' },
    })
    expect(await bring(holder, make())).toBe('stored')
    expect(await bring(holder, make())).toBe('unchanged')
    expect([target.uploads(), patches()]).toEqual([1, 1])
  })
})

describe('the collection of a product', () => {
  const roles = roleByProperty('wknd-role')
  const linking = (more: AkeneoOptions = { roles }) =>
    target.make(more, { AKENEO_PRODUCT_ASSETS: 'packshots' })
  const entry = (id: number, role: string): Entry => ({
    key: `shop/${id}.png`,
    source: picture(id, `${id}.png`, { 'wknd-role': role }),
  })
  const [main, second, third, any, plain] = [
    entry(9, 'main'),
    entry(8, '2'),
    entry(7, 'gallery 3'),
    entry(6, 'gallery'),
    entry(5, ''),
  ] as const
  const collection = () => value('packshots')
  const codes = (...entries: readonly Entry[]) => entries.map(({ key }) => assetCode(key))
  const bringAll = async (entries: readonly Entry[], destination = linking()) => {
    const said = []
    for (const { key, source } of entries) said.push(await bring(source, destination, key))
    return said
  }

  beforeEach(() => {
    const { catalogue, assets } = target.server
    catalogue.setAttribute({
      code: 'packshots',
      type: 'pim_catalog_asset_collection',
      referenceData: 'packshots',
    })
    for (const code of ['older', 'other']) assets.upsert(target.family, { code }, Date.now())
    const held = [{ locale: null, scope: null, data: ['older', 'other'] }]
    catalogue.setProduct('LAMP-8', { values: { packshots: held } })
  })

  it('has the main picture first, then the gallery, then the rest as it was, in whatever order they come', async () => {
    const wanted = [...codes(main, second, third, any), 'older', 'other', ...codes(plain)]
    await bringAll([any, third, plain, main, second])
    expect(collection()).toEqual(wanted)
    expect(await bringAll([main, second, third, any, plain])).toEqual(Array(5).fill('unchanged'))
    target.server.catalogue.setProduct('LAMP-8', { values: {} })
    await bringAll([second, main, plain, any, third])
    expect(collection()).toEqual(codes(main, second, third, any, plain))
    expect(target.uploads()).toBe(5)
  })

  it('of two with one role has the one with the lowest id first', async () => {
    const twin = { key: 'shop/twin.png', source: picture(1, 'twin.png', { 'wknd-role': 'main' }) }
    await bringAll([main, twin])
    expect(collection()).toEqual([...codes(twin, main), 'older', 'other'])
  })

  it('follows a role that changes, comes or goes, without an upload', async () => {
    await bringAll([main, second], linking({}))
    expect(collection()).toEqual(['older', 'other', ...codes(main, second)])
    expect(await bringAll([main, second])).toEqual(['stored', 'stored'])
    expect(collection()).toEqual([...codes(main, second), 'older', 'other'])
    const without = { ...main, source: picture(9, '9.png') }
    expect(await bringAll([without, second])).toEqual(['stored', 'unchanged'])
    expect(collection()).toEqual([...codes(second, main), 'older', 'other'])
    // Without roles again: nothing is written for it.
    expect(await bringAll([main, second], linking({}))).toEqual(['unchanged', 'unchanged'])
    expect(target.uploads()).toBe(2)
  })

  it('is put into its order again when somebody changes it', async () => {
    await bringAll([main, second])
    const [held] = target.server.catalogue.bySku('LAMP-8')?.values.packshots ?? []
    if (held) held.data = [...codes(second), 'older', ...codes(main)]
    expect(await bringAll([second])).toEqual(['stored'])
    expect(collection()).toEqual([...codes(main, second), 'older'])
  })
})

type Entry = { key: string; source: Picture }

describe('what is wrong in config/destinations.ts is said', () => {
  const roles = roleByFileName(/_(\d+)\.\w+$/)
  it.each<[string, AkeneoOptions, object, string]>([
    ['roles without products', { roles }, { AKENEO_ASSET_FAMILY: 'packshots' }, 'AKENEO_PRODUCT_ASSETS'],
    ['a gallery without roles', { gallery: { 2: 'a' } }, inputs, '`roles`'],
    [
      'a gallery of a family',
      { gallery: { 2: 'a' }, roles, productAssets: 'packshots' },
      { AKENEO_ASSET_FAMILY: 'packshots' },
      'family packshots',
    ],
    ['one attribute for two places', { gallery: { 2: 'picture' }, roles }, inputs, 'picture is named twice'],
    ['no code', { gallery: { 2: 'pic ture' }, roles }, inputs, '`gallery`'],
  ])('%s', (_, wrong, given, said) => {
    expect(() => target.make(wrong, { ...given })).toThrow(
      expect.objectContaining({
        failureClass: 'systemic',
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(said),
      }),
    )
  })
})
