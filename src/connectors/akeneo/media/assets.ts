import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { CallContext } from '../../../core/call-context'
import { permanentError } from '../../../core/errors'
import { shown } from '../../../core/shown'
import { trimEndOf, trimStartOf } from '../../../core/trim'
import type { AssetBinary, Destination, StoredObject } from '../../../plugin/destination'
import { measured } from '../../kit/measured'
import { isMadeFrom } from '../../kit/stored'
import { type AkeneoAccess, itemOf } from './access'
import { type AkeneoSteps, checkAkeneo } from './check'
import { type Arrange, atTheEnd, byRole, ownerWithRole } from './collection-order'
import { changed, notConfirmed, toAkeneoError } from './errors'
import { type AkeneoFamily, createFamily, familyPurpose } from './family'
import { checkFile, mostBytes } from './file-rules'
import type { AssetSettings } from './inputs'
import { createProductAttributes, type Wanted } from './product-attributes'
import { createAkeneoProducts, skusOf } from './products'
import { type Held as HeldVersion, heldBy, stampOf } from './stamp'
import { dataIn, holds, mappedValues, oneValue, type Values } from './values'

const writeAssets = 'Create and update assets'
/** A code that no key gives, and one that no asset can have. */
const [nobody, impossible] = ['aem_asset_bridge_check', 'aem-asset-bridge-check']
const codePattern = /^[a-zA-Z0-9_]{1,255}$/

/** An asset of the family, and its stored version. */
type Held = { asset: unknown; data: unknown; stored: HeldVersion } | undefined

/** Keeps files as assets of a family. */
export function akeneoAssets(settings: AssetSettings, access: AkeneoAccess, name: string): Destination {
  const { family, mediaAttribute, mediaLocale, mediaChannel, versionAttribute, link, collection, roles } =
    settings
  const structure: AkeneoFamily = createFamily(settings, access)
  const products = createAkeneoProducts(access)
  const attributes = createProductAttributes(access)
  const wanted: readonly Wanted[] =
    collection === undefined ? [] : [{ ...collection, types: ['pim_catalog_asset_collection'], family }]

  return {
    name,
    head,
    put,
    remove,
    check: (call) => checkAkeneo(access, stepsOf(call), call),
  }

  /** Akeneo has no list of one's own rights: each is shown by a call that it needs and that changes nothing. */
  function stepsOf(call: CallContext): AkeneoSteps {
    const ofProducts = wanted.map((one): AkeneoSteps[number] => [
      { what: `Log in, and read the attribute ${one.attribute} of products.`, right: 'read' },
      () => attributes.get(one, call),
    ])
    return [
      [
        { what: `Log in, and read the attributes of the asset family ${family}.`, right: 'list' },
        () => {
          structure.forget()
          return structure.attributes(call)
        },
      ],
      ...ofProducts,
      [{ what: 'Look for an asset that is not there.', right: 'read' }, () => read(nobody, call)],
      [
        { what: 'Write an asset that Akeneo has to refuse for its code.', right: 'write' },
        () => writeImpossible(call),
      ],
      [
        {
          what: 'Delete an asset that is not there.',
          right: 'delete',
          remedy: 'without it no asset can be removed, and all else works',
        },
        () =>
          access.change({ path: assetPath(nobody), method: 'DELETE' }, { permission: 'Delete assets' }, call),
      ],
    ]
  }

  /** Permissions come before the content: with them, Akeneo tells of the code. */
  async function writeImpossible(call: CallContext): Promise<void> {
    const path = `asset-families/${family}/assets`
    const purpose = familyPurpose(family, writeAssets, access.inputs)
    const body = await access.change({ path, method: 'PATCH', body: [{ code: impossible }] }, purpose, call)
    const item = itemOf(body, impossible)
    if (item === undefined) throw notConfirmed('without the status of the asset')
    if (item.status === 422) return
    throw toAkeneoError(item, { permission: writeAssets }, access.clock.now(), access.inputs)
  }

  async function head(
    key: string,
    call: CallContext,
    source?: AssetBinary,
  ): Promise<StoredObject | undefined> {
    const code = codeOf(key)
    const held = await read(code, call, source)
    if (held === undefined || source?.asset === undefined) return held?.stored
    const inStep = isMadeFrom(source, held.stored) && (await isInStep(key, code, held, source, call))
    return inStep ? held.stored : { ...held.stored, version: undefined }
  }

  /** Whether all further values of the file are stored, too. */
  async function isInStep(
    key: string,
    code: string,
    held: NonNullable<Held>,
    source: AssetBinary,
    call: CallContext,
  ): Promise<boolean> {
    if (link !== undefined && held.data !== linkFor(link, key, source)) return false
    if (!holds(held.asset, await factsOf(source, call))) return false
    if (collection === undefined) return true
    if (roles !== undefined && !isDeepStrictEqual(held.stored.owner, ownerWithRole(source.asset, roles)))
      return false
    const skus = skusOf(source.asset, settings.skuProperty)
    return products.areArranged(skus, collection, orderFor(code, call), call)
  }

  /** With roles, each asset of the collection tells its own by its stamp. */
  function orderFor(code: string, call: CallContext): Arrange {
    return roles === undefined
      ? atTheEnd(code)
      : byRole(code, async (one) => (await read(one, call))?.stored.owner)
  }

  async function put(
    key: string,
    source: AssetBinary,
    { previous }: { previous?: StoredObject },
    call: CallContext,
  ): Promise<StoredObject> {
    call.signal.throwIfAborted()
    const code = codeOf(key)
    const facts = await factsOf(source, call)
    for (const one of wanted) await attributes.get(one, call)
    const before = await read(code, call, source)
    const isOther = before?.stored.etag !== previous?.etag
    if (isOther && !isMadeFrom(source, before?.stored)) throw changed('asset')
    const file = await fileFor(key, code, source, before, call)
    const stamp = stampOf(source, file.size, file.data, ownerWithRole(source.asset, roles))
    const stored = heldBy(stamp, file.data, source)
    const values: Values = {
      ...facts,
      [mediaAttribute]: [oneValue(mediaLocale, mediaChannel, file.data)],
      [versionAttribute]: [oneValue(null, null, stamp)],
    }
    await access.changeAsking(
      async () => {
        await upsert(code, values, call)
        return stored
      },
      async () => {
        const now = await read(code, call)
        if (now !== undefined && holds(now.asset, values)) return stored
        if (now?.stored.etag !== file.over) throw changed('asset')
        return undefined
      },
      call,
    )
    if (collection !== undefined) {
      const skus = skusOf(source.asset, settings.skuProperty)
      await attributes.using(wanted, call, () =>
        products.arrange(skus, collection, orderFor(code, call), call),
      )
    }
    return stored
  }

  /**
   * The media attribute's data: that which is there when it is of this version, a link, or the code of an upload.
   * `over` is the tag of what will be replaced.
   */
  async function fileFor(
    key: string,
    code: string,
    source: AssetBinary,
    before: Held,
    call: CallContext,
  ): Promise<{ data: string; size: number; over: string | undefined }> {
    if (link !== undefined) {
      return { data: linkFor(link, key, source), size: source.size ?? 0, over: before?.stored.etag }
    }
    const here = fileIn(before, source)
    if (here !== undefined) return here
    const rules = (await structure.attributes(call)).get(mediaAttribute) ?? { code: mediaAttribute }
    checkFile(rules, source)
    const sized = await measured(source, mostBytes(rules), call)
    checkFile(rules, sized)
    const purpose = familyPurpose(family, writeAssets, access.inputs)
    const upload = { path: 'asset-media-files', fields: {}, source: sized, purpose }
    const sent = await access.changeAsking(
      async () => {
        const { code: data, size } = await access.upload(upload, call)
        return { data, size, over: before?.stored.etag }
      },
      async () => fileIn(await read(code, call, source), source),
      call,
    )
    // An upload takes long: another run may have stored this version or a newer one meanwhile.
    const now = await read(code, call, source)
    const meanwhile = fileIn(now, source)
    if (meanwhile !== undefined) return meanwhile
    if (now?.stored.etag !== before?.stored.etag) throw changed('asset')
    return sent
  }

  async function upsert(code: string, values: Values, call: CallContext): Promise<void> {
    const path = `asset-families/${family}/assets`
    const purpose = familyPurpose(family, writeAssets, access.inputs)
    const body = await access.change({ path, method: 'PATCH', body: [{ code, values }] }, purpose, call)
    const item = itemOf(body, code)
    if (item === undefined) throw notConfirmed('without the status of the asset')
    if (item.status === 201 || item.status === 204) return
    if (item.status === 422) {
      // The family may have changed meanwhile: then it accepts no asset, which is not a failure of this asset.
      structure.forget()
      await structure.attributes(call)
    }
    throw toAkeneoError(item, { permission: writeAssets }, access.clock.now(), access.inputs)
  }

  async function remove(key: string, call: CallContext): Promise<void> {
    const code = codeOf(key)
    const path = assetPath(code)
    // In a family that is not there nothing is, either: a wrong name must not look as if all had been removed.
    await structure.attributes(call)
    await access.changeAsking(
      async () => {
        if ((await read(code, call)) === undefined) return true
        await access.change({ path, method: 'DELETE' }, { permission: 'Delete assets' }, call)
        return true
      },
      async () => undefined,
      call,
    )
  }

  async function read(code: string, call: CallContext, source?: AssetBinary): Promise<Held> {
    const asset = await access.find(assetPath(code), { permission: 'List assets' }, call)
    if (asset === undefined) return undefined
    const data = dataIn(asset, mediaAttribute, mediaLocale, mediaChannel)
    return { asset, data, stored: heldBy(dataIn(asset, versionAttribute, null, null), data, source) }
  }

  async function factsOf(source: AssetBinary, call: CallContext): Promise<Values> {
    return mappedValues(settings.values, await structure.attributes(call), source.asset)
  }

  function assetPath(code: string): string {
    return `asset-families/${family}/assets/${code}`
  }

  function codeOf(key: string): string {
    const code = (settings.code ?? assetCode)(key)
    if (codePattern.test(code)) return code
    throw permanentError(
      'AKENEO_CODE_INVALID',
      `${shown(code)} is no code of an asset: fix \`code\` in config/destinations.ts`,
    )
  }
}

/** The stored file, when it has this version. */
const fileIn = (
  held: Held,
  source: AssetBinary,
): { data: string; size: number; over: string | undefined } | undefined =>
  held !== undefined && typeof held.data === 'string' && isMadeFrom(source, held.stored)
    ? { data: held.data, size: held.stored.size, over: held.stored.etag }
    : undefined

/** Readable, and one for each key: what a code may not hold becomes `_`, and a hash keeps keys apart. */
export function assetCode(key: string): string {
  const hash = createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex').slice(0, 16)
  const words = trimEndOf(key.replace(/[^a-zA-Z0-9]+/g, '_'), '_')
  return trimStartOf(`${words.slice(-120)}_${hash}`, '_')
}

const encodeSegments = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

function linkFor(template: string, key: string, { name, asset }: AssetBinary): string {
  const parts: Readonly<Record<string, string>> = {
    key: encodeSegments(key),
    name: encodeURIComponent(name),
    path: encodeSegments(asset?.path ?? `/content/dam/${key}`),
  }
  return template.replace(/\{(key|name|path)\}/g, (_, part: string) => parts[part] ?? '')
}
