import type { AssetView } from '../../sandbox/aem/author'
import { seededRandom } from '../../sandbox/faults'
import type { JsonObject } from '../../sandbox/json'
import type { Sandbox } from '../../sandbox/sandbox'

type Destination = 'folder' | 'https'

/** What has to be so when everything is over. */
export type Due = {
  /** SHA-1 in hex, by key, for each destination. */
  files: Readonly<Record<Destination, ReadonlyMap<string, string>>>
  /** Ids of the assets that have to be enriched. */
  enriched: readonly string[]
  /** Ids of the events that become a dead letter. */
  letters: ReadonlySet<string>
}

const maxBytes = 64 * 1024

/**
 * Fills the journal: publications for one destination or both, 5 % enrichments, 1 % events that are none, 1 % assets
 * that are gone, and after all that 10 % which come a second time, somewhere later.
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
  const letters = new Set<string>()
  const events: JsonObject[] = []
  const duplicates = Math.floor(count / 10)
  const every = (one: number, index: number): boolean => index % 100 === one

  for (let index = 0; index < count - duplicates; index++) {
    const id = `event-${index}`
    const path = `/content/dam/chaos/folder ${index % 7}/asset-${index}.bin`
    if (every(13, index)) {
      events.push({ id, source: 'chaos', hello: 'world' })
      letters.add(id)
    } else if (every(57, index)) {
      const asset = publish(path, ['folder'])
      aem.removeAsset(asset.id)
      events.push(aem.publicationEvent('published', asset, { id }))
      letters.add(id)
    } else if (index % 20 === 3) {
      const asset = aem.addAsset({ path, content: { size: 100, seed: path } })
      events.push(aem.processingCompletedEvent(asset, { id }))
      enriched.push(asset.id)
    } else {
      const draw = random()
      const names: Destination[] = draw < 0.6 ? ['folder'] : draw < 0.8 ? ['https'] : ['folder', 'https']
      const asset = publish(path, names)
      const key = path.slice('/content/dam/'.length)
      for (const name of names) files[name].set(key, String(asset.repositoryMetadata['dam:sha1']))
      events.push(aem.publicationEvent('published', asset, { id }))
    }
  }
  const firsts = events.length
  for (let index = 0; index < duplicates; index++) {
    const from = Math.floor(random() * firsts)
    const event = events[from]
    const to = from + 1 + Math.floor(random() * (events.length - from))
    if (event !== undefined) events.splice(to, 0, event)
  }
  for (const event of events) journal.append(event)
  return { files, enriched, letters }

  function publish(path: string, names: readonly string[]): AssetView {
    const size = Math.floor(random() ** 2 * maxBytes)
    const assetMetadata = { exportDestination: [...names], exportImmediately: random() < 0.5 ? 'yes' : 'no' }
    return aem.addAsset({ path, assetMetadata, content: { size, seed: path } })
  }
}
