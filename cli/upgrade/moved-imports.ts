import { posix } from 'node:path'

/** An import line that was written anew. */
export type MovedImport = { from: string; to: string; names: readonly string[] }

type Move = { to: string; names?: readonly string[] }

const destinations = ['akeneo', 'azure', 'campaign', 'folder', 'https', 'marketo', 's3', 'sftp']
const pims = ['akeneo', 'mock', 'rest']

/** What moved between 0.1.0 and the version after it, without the ending `.ts`. Without `names` all of a file did. */
const moves: ReadonlyMap<string, Move> = new Map<string, Move>([
  ['src/enrichment', { to: 'src/plugin/enrichment' }],
  ['src/exports', { to: 'src/plugin/destinations' }],
  ['src/destinations/key', { to: 'src/plugin/key' }],
  ['src/destinations/destination', { to: 'src/plugin/destination' }],
  ['src/pim/communicator', { to: 'src/plugin/pim' }],
  [
    'src/metadata/mapping',
    { to: 'src/plugin/enrichment', names: ['everyAttribute', 'MappingContext', 'MappingRule'] },
  ],
  [
    'src/metadata/matching',
    { to: 'src/plugin/enrichment', names: ['fromFileName', 'fromPath', 'fromProperty', 'Matcher'] },
  ],
  ...destinations.map((name): [string, Move] => [
    `src/destinations/${name}`,
    { to: `src/connectors/${name}/destination` },
  ]),
  ...pims.map((name): [string, Move] => [`src/pim/${name}`, { to: `src/connectors/${name}/pim` }]),
])

const importLine = /^import (type )?\{([^}]{0,5000})\} from (['"])(\.[^'"\n]{1,500})\3(;?)$/gm

/**
 * Writes the imports of a file of the company anew where what they name has moved.
 * @param file its path in the project, such as `config/enrichment.ts`
 */
export function withMovedImports(
  file: string,
  text: string,
): { text: string; moved: readonly MovedImport[] } {
  const moved = new Map<string, MovedImport & { isType: boolean }>()
  const shortened = text.replace(
    importLine,
    (line, type = '', list: string, quote: string, from: string, end: string) => {
      const move = moves.get(posix.join(posix.dirname(file), from))
      if (move === undefined) return line
      const all = list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
      const gone = all.filter((name) => move.names?.includes(importedName(name)) ?? true)
      if (gone.length === 0) return line
      const to = relativePath(file, move.to)
      const key = `${type}${to}`
      const before = moved.get(key)
      moved.set(key, {
        from: before === undefined ? from : `${before.from}, ${from}`,
        to,
        names: [...(before?.names ?? []), ...gone].sort(byName),
        isType: type !== '',
      })
      const rest = all.filter((name) => !gone.includes(name))
      const stays =
        rest.length === 0 ? '' : `import ${type}{ ${rest.join(', ')} } from ${quote}${from}${quote}${end}\n`
      return `${stays}${before === undefined ? placeOf(key, quote, end) : placeOf('', quote, end)}`
    },
  )
  return {
    text: shortened.replace(place, (_, key: string, quote: string, end: string) => {
      const line = moved.get(key)
      if (line === undefined) return ''
      const head = `import ${line.isType ? 'type ' : ''}`
      return `${importOf(line.names, head, ` from ${quote}${line.to}${quote}${end}`)}\n`
    }),
    moved: [...moved.values()].map(({ isType: _, ...line }) => line),
  }
}

/** Stands for a line until it is known what else it names. */
const placeOf = (key: string, quote: string, end: string): string => `\0${key}\0${quote}${end}\0`
const place = /\0([^\0]*)\0(['"])(;?)\0\n?/g

/** `a` of `a`, `type a` and `a as b`. */
const importedName = (name: string): string =>
  name
    .replace(/^type\s+/, '')
    .split(/\sas\s/)[0]
    ?.trim() ?? ''

const byName = (a: string, b: string): number =>
  importedName(a).toLowerCase() < importedName(b).toLowerCase() ? -1 : 1

const mostColumns = 110

/** One line, or one for each name where it would be too long. */
function importOf(names: readonly string[], head: string, tail: string): string {
  const line = `${head}{ ${names.join(', ')} }${tail}`
  return line.length <= mostColumns
    ? line
    : `${head}{\n${names.map((name) => `  ${name},\n`).join('')}}${tail}`
}

function relativePath(file: string, to: string): string {
  const path = posix.relative(posix.dirname(file), to)
  return path.startsWith('.') ? path : `./${path}`
}
