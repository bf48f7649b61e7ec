import type { SetupItem } from '../step'
import type { EventsLibrary, Provider } from './library'
import { codesFor } from './roles'

/** The provider of the author's assets, or what a person has to do before there is one. */
export type FoundProvider = { id: string; codes: readonly string[] } | { manual: SetupItem }

const input = 'EVENTS_PROVIDER_ID'

/**
 * Finds the source of events that the author is at I/O Events. AEM has one for each of its products: only one that
 * offers events of assets counts.
 * @param chosen its id, where the user names it
 */
export async function findProvider(
  author: string,
  chosen: string | undefined,
  env: string,
  library: EventsLibrary,
): Promise<FoundProvider> {
  const all = await library.providers()
  const named = all.filter(({ id }) => id === chosen)
  const candidates = chosen === undefined ? all.filter((one) => isOf(one, author)) : named
  const found: { provider: Provider; codes: readonly string[] }[] = []
  for (const provider of candidates) {
    const codes = codesFor(assetHappenings, await library.codesOf(provider.id))
    if (codes.length > 0) found.push({ provider, codes })
  }
  const [one] = found
  if (one !== undefined && found.length === 1) return { id: one.provider.id, codes: one.codes }
  if (found.length > 1) return { manual: choice(found, env) }
  if (chosen !== undefined) {
    const what = `${input}=${chosen}: there is no such provider, or it offers no events of assets`
    return { manual: { kind: 'manual', what, where: `.env.${env}` } }
  }
  return {
    manual: {
      kind: 'manual',
      what: `event registrations: no provider at I/O Events names ${hostOf(author)} and offers events of assets. Switch on AEM Eventing for the environment, or, where the provider has another name, set ${input}`,
      where: 'Developer Console > your project > the workspace > Add service > Event > AEM Assets',
    },
  }
}

const choice = (found: readonly { provider: Provider }[], env: string): SetupItem => ({
  kind: 'manual',
  what: `event registrations: several providers are possible, set ${input} to one of ${found
    .map(({ provider: { id, label } }) => `${id} (${label})`)
    .join(', ')}`,
  where: `.env.${env}`,
})

const assetHappenings = [
  'processed',
  'published',
  'unpublished',
  'deleted',
  'metadata-updated',
  'moved',
] as const

const hostOf = (author: string): string => new URL(author).host

/** By program and environment, which every author of AEM as a Cloud Service has in its name; else by the whole host. */
function isOf({ traits }: Provider, author: string): boolean {
  const host = hostOf(author)
  const [, environment] = /^author-(p\d+-e\d+)\b/.exec(host) ?? []
  const wanted = (environment ?? host).toLowerCase()
  return traits.some((trait) => holdsWord(trait.toLowerCase(), wanted))
}

/** Whether a word stands in a text, and is not part of a longer one. */
function holdsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const beside = [text[at - 1], text[at + word.length]]
    if (!beside.some((character) => character !== undefined && /[a-z0-9]/.test(character))) return true
  }
  return false
}
