import { permanentError, systemicError } from '../../core/errors'
import { shown } from '../../core/shown'
import type { FileTree } from './file-tree'
import { folderOf, type OwnNames, ownNames } from './hidden-names'
import { oneChunk } from './one-chunk'

/**
 * The name of a file that signals a new file to a receiver. `*.done` stands beside each file, with `*` for its
 * name: `lamp.png.done`. A name without `*` is that of one file for all, below the root: `import.done`.
 */
export type TriggerName = string

/** Writes the files that start a receiver's work. */
export type Trigger = {
  /** @throws {BridgeError} permanent, `KEY_REFUSED`, when the file itself is named as a trigger would be */
  check(path: string): void
  /** Writes the trigger of the file at this path, also if it exists already. */
  give(tree: FileTree, path: string, signal: AbortSignal): Promise<void>
  /** Removes the trigger before the file is removed. */
  withdraw(tree: FileTree, path: string, signal: AbortSignal): Promise<void>
}

/** How a trigger is written. */
export type TriggerRules = {
  /** @default hidden ones */
  names?: OwnNames
  /** Under its own name from the first byte, where nothing may be renamed. @default false */
  inPlace?: boolean
}

/**
 * @throws {BridgeError} systemic, `CONFIG_INVALID`, on a name that cannot be a trigger: no file could be signalled
 */
export function createTrigger(
  name: TriggerName,
  { names = ownNames('hidden'), inPlace = false }: TriggerRules = {},
): Trigger {
  const parts = name.split('*')
  const isOwn = parts.length === 2
  const segments = name.split('/')
  if (parts.length > 2 || name === '*' || (isOwn && segments.length > 1) || segments.some(isOdd))
    throw systemicError(
      'CONFIG_INVALID',
      `${shown(name)} in config/destinations.ts is no name of a trigger file: write "*.done", or a path such as "import.done"`,
    )
  const [before = '', after = ''] = parts

  return {
    check(path) {
      const isLikeOwn = isOwn && path.split('/').some((segment) => isNamed(segment, before, after))
      const [asked, own] = [`${path}/`.toLowerCase(), `${name}/`.toLowerCase()]
      // Nor may a file have the path of the trigger's folder: no trigger could be written any more.
      const isTheOne = asked.startsWith(own) || own.startsWith(asked)
      if (isLikeOwn || isTheOne)
        throw permanentError(
          'KEY_REFUSED',
          `${shown(path, 200)} is named as a trigger file, or a folder of it, would be`,
        )
    },
    async give(tree, path, signal) {
      const place = placeOf(path)
      const temporary = names.temporary(place)
      const text = Buffer.from(`${path}\n`)
      await tree.makeFolder(folderOf(place), signal)
      if (inPlace) {
        await tree.writeOver(place, oneChunk(text), signal)
        return
      }
      try {
        await tree.writeNew(temporary, oneChunk(text), signal)
        if (await tree.place(temporary, place, signal)) return
        await tree.replace(temporary, place, signal)
      } catch (thrown) {
        await tree.remove(temporary, AbortSignal.timeout(cleanUpMs)).catch(() => undefined)
        throw thrown
      }
    },
    async withdraw(tree, path, signal) {
      // A single trigger for all files may signal other files, too.
      if (isOwn) await tree.remove(placeOf(path), signal)
    },
  }

  function placeOf(path: string): string {
    if (!isOwn) return name
    const folder = folderOf(path)
    const file = path.slice(folder === '' ? 0 : folder.length + 1)
    return `${folder === '' ? '' : `${folder}/`}${before}${file}${after}`
  }
}

const cleanUpMs = 2_000

/** Hidden names are reserved for the app. */
const isOdd = (segment: string): boolean =>
  segment === '' || segment.startsWith('.') || segment.includes('\0') || segment.endsWith('.part')

const isNamed = (file: string, before: string, after: string): boolean =>
  file.length > before.length + after.length &&
  file.toLowerCase().startsWith(before.toLowerCase()) &&
  file.toLowerCase().endsWith(after.toLowerCase())
