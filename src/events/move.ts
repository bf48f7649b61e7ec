import { isRecord } from '../core/json'

type Content = Record<string, unknown>

/**
 * Where a moved asset was before. AEM has events of moves since October 2026, and has not published their members. So
 * each place is looked at that would be like AEM's other events: the old values beside the new ones, as
 * `metadata_updated` has them, and a member of its own.
 * @param content the `data` of the event
 */
export const previousPath = (content: Content): string | undefined => pathIn(content, oldNames)

/** Where a moved asset is now, when `repo:path` does not tell. */
export const newPath = (content: Content): string | undefined => pathIn(content, newNames)

/** Without a type that is known, the event is a move only by these members. */
export const oldNames = [
  'previousPath',
  'repo:previousPath',
  'oldPath',
  'sourcePath',
  'fromPath',
  'from',
  'source',
]
export const newNames = ['path', 'newPath', 'destinationPath', 'targetPath', 'toPath', 'to', 'destination']

function pathIn(content: Content, names: readonly string[]): string | undefined {
  const repository = memberOf(content, 'repositoryMetadata')
  const oldValues = [content, repository, memberOf(content, 'assetMetadata')].map((group) =>
    memberOf(group, 'event:updated'),
  )
  const places = names === oldNames ? oldValues.map((values) => values['repo:path']) : []
  for (const group of [content, repository]) for (const name of names) places.push(group[name])
  return places.map(asPath).find((path) => path !== undefined)
}

const memberOf = (group: Content, name: string): Content => {
  const member = group[name]
  return isRecord(member) ? member : {}
}

/** A path by itself, or in an object such as `repositoryMetadata`. */
function asPath(value: unknown): string | undefined {
  const path = isRecord(value) ? (value['repo:path'] ?? value.path) : value
  return typeof path === 'string' && path.startsWith('/') ? path : undefined
}
