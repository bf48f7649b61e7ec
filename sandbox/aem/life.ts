import { randomUUID } from 'node:crypto'
import type { MovableClock } from '../clock'
import type { NewContent } from '../content'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { type AemAsset, touch } from './asset'
import type { AssetShelf } from './asset-shelf'
import { type EventOverrides, merged, processingCompleted } from './event'
import { type Publication, publicationEvent } from './publication-event'
import { type ProxyVerb, xdmEvent } from './xdm-event'

/** What an asset goes through, and what AEM tells of it. Each operation returns the events that were sent. */
export type AssetLife = {
  /** AEM Eventing, or the event proxy, which knows neither folders nor moves. */
  form: 'aem' | 'xdm'
  /** AEM promises no event: those for which this is true get lost. */
  isLost: (event: JsonObject) => boolean
  /** AEM writes metadata back into the file: each change of them makes a new binary, which AEM processes. */
  writesBack: boolean
  /** All events that were sent and that nobody has taken yet, those of the API's writes among them. */
  outbox: JsonObject[]
  /** Changes metadata as a user; a null removes a property. AEM tells new values, and old ones of what was there. */
  edit(id: string, changes: JsonObject, user?: string): JsonObject[]
  /** Moves or renames the asset. Neither the date of its last change nor that of its publication moves. */
  move(id: string, path: string): JsonObject[]
  publish(id: string): JsonObject[]
  unpublish(id: string): JsonObject[]
  /** Sets the off time of the asset, which an editor does. When that time comes, AEM tells nothing. */
  expire(id: string, offTime: number): JsonObject[]
  /** Moves the asset to the trash, and out of it again. AEM tells neither. */
  discard(id: string): void
  restore(id: string): void
  /** Uploads another file; AEM tells when it has processed it. */
  replace(id: string, content: NewContent): JsonObject[]
  remove(id: string): JsonObject[]
  /** One event for the folder and none for the assets below it. */
  moveFolder(path: string, to: string): JsonObject[]
  publishFolder(path: string): JsonObject[]
  unpublishFolder(path: string): JsonObject[]
  removeFolder(path: string): JsonObject[]
}

/** What the operations need of the author. */
export type LifeParts = {
  clock: MovableClock
  shelf: AssetShelf
  host: string
  recipientClientId: () => string
  /** Stores another file for an asset. */
  storeContent(asset: AemAsset, content: NewContent): void
}

/** The life of the assets of an author, with what the author itself does after a write. */
export type AuthorLife = AssetLife & {
  /** Tells of a write by the API. @param before the metadata as they were */
  onWritten(asset: AemAsset, before: JsonObject, principal: string): void
}

const usualUser = 'ada@example.com'
const iso = (now: number): string => new Date(now).toISOString()

export function createLife(parts: LifeParts): AuthorLife {
  const { clock, shelf, host, recipientClientId, storeContent } = parts
  let revision = 0

  const life: AuthorLife = {
    form: 'aem',
    isLost: () => false,
    writesBack: false,
    outbox: [],
    edit(id, changes, user = usualUser) {
      const asset = stored(id)
      const before = asset.assetMetadata
      const after = { ...before, ...structuredClone(changes) }
      asset.assetMetadata = Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null))
      touch(asset, clock.now(), user)
      return changed(asset, before, user)
    },
    move(id, path) {
      const asset = stored(id)
      const before = { ...asset }
      relocate(asset, path)
      if (life.form === 'aem') return send(moved(asset, before.path))
      return send(proxied('deleted', before), proxied('created', asset))
    },
    publish(id) {
      const asset = stored(id)
      setPublished(asset, true)
      return send(publication('published', asset))
    },
    unpublish(id) {
      const asset = stored(id)
      setPublished(asset, false)
      return send(publication('unpublished', asset))
    },
    expire: (id, offTime) => life.edit(id, { offTime: iso(offTime) }),
    discard(id) {
      stored(id).repositoryMetadata['repo:state'] = 'DISCARDED'
    },
    restore(id) {
      stored(id).repositoryMetadata['repo:state'] = 'ACTIVE'
    },
    replace(id, content) {
      const asset = stored(id)
      storeContent(asset, content)
      touch(asset, clock.now(), usualUser)
      return send(life.form === 'aem' ? processed(asset) : proxied('updated', asset))
    },
    remove(id) {
      const asset = stored(id)
      shelf.remove(id)
      return send(publication('deleted', asset))
    },
    moveFolder(path, to) {
      const below = assetsBelow(path)
      const before = below.map((asset) => ({ ...asset }))
      for (const asset of below) relocate(asset, `${to}${asset.path.slice(path.length)}`)
      if (life.form === 'aem') return send(ofFolder('moved', to, path))
      const gone = before.map((asset) => proxied('deleted', asset))
      return send(...gone, ...below.map((asset) => proxied('created', asset)))
    },
    publishFolder: (path) => publishAll('published', path),
    unpublishFolder: (path) => publishAll('unpublished', path),
    removeFolder(path) {
      const below = assetsBelow(path)
      for (const { id } of below) shelf.remove(id)
      return tellOfAll('deleted', path, below)
    },
    onWritten(asset, before, principal) {
      changed(asset, before, principal)
    },
  }
  return life

  function stored(id: string): AemAsset {
    const asset = shelf.take(id)
    if (asset === undefined) throw new Error(`The AEM stand-in has no asset ${id}`)
    return asset
  }

  function assetsBelow(path: string): AemAsset[] {
    const all = [...shelf.created(0, Number.POSITIVE_INFINITY)]
    return all.flatMap((asset) => (asset.path.startsWith(`${path}/`) ? [stored(asset.id)] : []))
  }

  function publishAll(kind: 'published' | 'unpublished', path: string): JsonObject[] {
    const below = assetsBelow(path)
    for (const asset of below) setPublished(asset, kind === 'published')
    return tellOfAll(kind, path, below)
  }

  function tellOfAll(kind: Publication, path: string, below: readonly AemAsset[]): JsonObject[] {
    if (life.form === 'aem') return send(ofFolder(kind, path))
    return send(...below.map((asset) => proxied(kind, asset)))
  }

  function relocate(asset: AemAsset, path: string): void {
    const other = shelf.at(path)
    if (other !== undefined && other.id !== asset.id) throw new Error(`There is an asset at ${path} already`)
    shelf.move(asset, path)
    asset.repositoryMetadata['repo:path'] = path
    asset.repositoryMetadata['repo:name'] = path.slice(path.lastIndexOf('/') + 1)
  }

  function setPublished(asset: AemAsset, isPublished: boolean): void {
    asset.repositoryMetadata.isPublishedToAemPublish = isPublished
    if (isPublished) asset.repositoryMetadata['aem:published'] = iso(clock.now())
  }

  function changed(asset: AemAsset, before: JsonObject, user: string): JsonObject[] {
    const names = Object.keys({ ...before, ...asset.assetMetadata }).filter(
      (name) => JSON.stringify(before[name]) !== JSON.stringify(asset.assetMetadata[name]),
    )
    if (names.length === 0) return []
    const sent = send(
      life.form === 'aem' ? edited(asset, before, names, user) : proxied('updated', asset, user),
    )
    return life.writesBack ? [...sent, ...writeBack(asset)] : sent
  }

  /** A file bears when its metadata were written, so its bytes are never the same. */
  function writeBack(asset: AemAsset): JsonObject[] {
    revision += 1
    storeContent(asset, { size: 50_000, seed: `${asset.id} ${revision}` })
    touch(asset, clock.now(), 'system')
    return send(life.form === 'aem' ? processed(asset) : proxied('updated', asset))
  }

  function send(...events: JsonObject[]): JsonObject[] {
    const sent = events.filter((event) => !life.isLost(event))
    life.outbox.push(...sent)
    return sent
  }

  function processed(asset: AemAsset, overrides: EventOverrides = {}): JsonObject {
    return processingCompleted(asset, { now: clock.now(), recipientClientId: recipientClientId(), overrides })
  }

  function edited(asset: AemAsset, before: JsonObject, names: string[], user: string): JsonObject {
    const now = asset.assetMetadata
    const news = names.filter((name) => before[name] === undefined)
    const olds = names.filter((name) => before[name] !== undefined && now[name] !== undefined)
    const values = [...news, ...olds].map((name): [string, JsonValue] => [name, now[name] ?? ''])
    return processed(asset, {
      type: 'aem.assets.asset.metadata_updated',
      data: {
        assetMetadata: {
          'xcm:machineKeywords': null,
          ...structuredClone(Object.fromEntries(values)),
          ...(news.length === 0 ? {} : { 'event:created': news }),
          ...(olds.length === 0 ? {} : { 'event:updated': pick(before, olds) }),
        },
        user: { imsUserId: user, principalId: user, displayName: 'A user' },
      },
    })
  }

  function moved(asset: AemAsset, from: string): JsonObject {
    return processed(asset, {
      type: 'aem.assets.asset.moved',
      data: {
        assetMetadata: null,
        repositoryMetadata: { 'event:updated': { 'repo:path': from } },
        user: { imsUserId: usualUser, principalId: usualUser, displayName: 'Ada' },
      },
    })
  }

  function publication(kind: Publication, asset: AemAsset): JsonObject {
    if (life.form === 'xdm') return proxied(kind, asset)
    return publicationEvent(kind, asset, { now: clock.now(), host, overrides: {} })
  }

  function proxied(verb: ProxyVerb, asset: AemAsset, user = 'admin'): JsonObject {
    const overrides = { 'activitystreams:actor': { 'xdmAemUser:id': user } }
    const root = `http://${host}/`
    return xdmEvent(verb, asset, { now: clock.now(), root, overrides, format: 'cloud_events_v1' })
  }

  /** AEM's sources show no event of a folder: this one is made after those of assets. */
  function ofFolder(kind: Publication | 'moved', path: string, from?: string): JsonObject {
    const id = `urn:aaid:aem:${randomUUID()}`
    const event = {
      specversion: '1.0',
      id: randomUUID(),
      source: 'acct:aem-p1-e2@adobe.com',
      type: `aem.assets.asset.${kind}`,
      datacontenttype: 'application/json',
      time: iso(clock.now()),
      data: {
        assetId: id,
        user: { imsUserId: usualUser, principalId: usualUser, displayName: 'Ada' },
        ...(kind === 'published' || kind === 'unpublished' ? { tier: 'publish' } : {}),
        repositoryMetadata: {
          'repo:repositoryId': host,
          'repo:assetClass': 'directory',
          'repo:assetId': id,
          'repo:name': path.slice(path.lastIndexOf('/') + 1),
          'repo:path': path,
          ...(from === undefined ? {} : { 'event:updated': { 'repo:path': from } }),
        },
      },
    }
    return isJsonObject(event) ? merged(event, { eventid: randomUUID() }) : {}
  }
}

const pick = (from: JsonObject, names: readonly string[]): JsonObject =>
  structuredClone(Object.fromEntries(names.map((name): [string, JsonValue] => [name, from[name] ?? null])))
