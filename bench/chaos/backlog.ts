import type { AssetView } from '../../sandbox/aem/author'
import { seededRandom } from '../../sandbox/faults'
import type { JsonObject } from '../../sandbox/json'
import type { Sandbox } from '../../sandbox/sandbox'

type Destination = 'folder' | 'https'

/** What has to be so when everything is over. */
export type Due = {
  /** SHA-1 in hex, by key, for each destination. */
  files: Readonly<Record<Destination, Map<string, string>>>
  /** Ids of the assets that have to be enriched. */
  enriched: string[]
  /** Ids of the assets that somebody edits while they are enriched; the author tells of it too late. */
  edited: string[]
  /** Ids of the events that become a dead letter. */
  letters: Set<string>
}

/** Names that a firewall before the HTTPS endpoint refuses. */
export const refusedName = /refused-\d+/

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

const maxBytes = 64 * 1024

/**
 * Fills the journal: publications for one destination or both, a tenth of them with names that are refused; 5 %
 * enrichments; 1 % events that are none, 1 % that are very deep, 1 % assets that are gone; and after all that 10 % which
 * come a second time, somewhere later.
 * @param count events in all
 */
export function fillJournal(
  { aem, journal }: Pick<Sandbox, 'aem' | 'journal'>,
  count: number,
  seed: number,
): Due {
  const random = seededRandom(seed)
  const files = { folder: new Map<string, string>(), https: new Map<string, string>() }
  const enriched: string[] = []
  const edited: string[] = []
  const letters = new Set<string>()
  const events: string[] = []
  const add = (event: JsonObject): void => void events.push(JSON.stringify(event))
  const duplicates = Math.floor(count / 10)
  const every = (one: number, index: number): boolean => index % 100 === one

  for (let index = 0; index < count - duplicates; index++) {
    const id = `event-${index}`
    const path = `/content/dam/chaos/folder ${index % 7}/asset-${index}.bin`
    if (every(13, index)) {
      add({ id, source: 'chaos', hello: 'world' })
      letters.add(id)
    } else if (every(9, index)) {
      const event = JSON.stringify(aem.publicationEvent('published', publish(path, ['folder']), { id }))
      events.push(`${event.slice(0, -1)},"more":${deep(index % 1000 === 9 ? 200_000 : 5_000)}}`)
      letters.add(id)
    } else if (every(57, index)) {
      const asset = publish(path, ['folder'])
      aem.removeAsset(asset.id)
      add(aem.publicationEvent('published', asset, { id }))
      letters.add(id)
    } else if (index % 20 === 3) {
      const asset = aem.addAsset({ path, content: { size: 100, seed: path } })
      add(aem.processingCompletedEvent(asset, { id }))
      enriched.push(asset.id)
      if (index % 40 === 3) edited.push(asset.id)
    } else if (index % 10 === 7) {
      const names: Destination[] = random() < 0.5 ? ['https'] : ['folder', 'https']
      const asset = publish(path.replace('asset-', 'refused-'), names)
      const key = asset.path.slice('/content/dam/'.length)
      if (names.includes('folder')) files.folder.set(key, String(asset.repositoryMetadata['dam:sha1']))
      add(aem.publicationEvent('published', asset, { id }))
      letters.add(id)
    } else {
      const draw = random()
      const names: Destination[] = draw < 0.6 ? ['folder'] : draw < 0.8 ? ['https'] : ['folder', 'https']
      const asset = publish(path, names)
      const key = path.slice('/content/dam/'.length)
      for (const name of names) files[name].set(key, String(asset.repositoryMetadata['dam:sha1']))
      add(aem.publicationEvent('published', asset, { id }))
    }
  }
  const firsts = events.length
  for (let index = 0; index < duplicates; index++) {
    const from = Math.floor(random() * firsts)
    const event = events[from]
    const to = from + 1 + Math.floor(random() * (events.length - from))
    if (event !== undefined) events.splice(to, 0, event)
  }
  for (const event of events) journal.appendJson(event)
  return { files, enriched, edited, letters }

  function publish(path: string, names: readonly string[]): AssetView {
    const size = Math.floor(random() ** 2 * maxBytes)
    const assetMetadata = { exportDestination: [...names], exportImmediately: random() < 0.5 ? 'yes' : 'no' }
    return aem.addAsset({ path, assetMetadata, content: { size, seed: path } })
  }
}

/** Adds an asset to export and one to enrich, as the days bring them. @returns how to tell that each is done */
export function publishMore(
  { aem, journal }: Pick<Sandbox, 'aem' | 'journal'>,
  due: Due,
  index: number,
): { key: string; enriched: string } {
  const key = `chaos/later/asset-${index}.bin`
  const exported = aem.addAsset({
    path: `/content/dam/${key}`,
    assetMetadata: { exportDestination: ['https'] },
    content: { size: 1_000, seed: key },
  })
  due.files.https.set(key, String(exported.repositoryMetadata['dam:sha1']))
  journal.append(aem.publicationEvent('published', exported, { id: `later-${index}` }))
  const path = `/content/dam/chaos/later/enriched-${index}.bin`
  const asset = aem.addAsset({ path, content: { size: 100, seed: path } })
  due.enriched.push(asset.id)
  journal.append(aem.processingCompletedEvent(asset, { id: `enriched-${index}` }))
  return { key, enriched: asset.id }
}

/** As the app's mock PIM has it. */
export const isEnriched = ({ aem }: Pick<Sandbox, 'aem'>, id: string): boolean =>
  aem.asset(id).assetMetadata['wknd-skuid'] === 'MockSKU 123'
