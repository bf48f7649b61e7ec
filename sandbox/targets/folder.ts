import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'

/** A file as a reader of the folder finds it. */
export type FolderFile = {
  /** Below the root, with slashes. */
  key: string
  /** In bytes. */
  size: number
  /** Of the content, in hex. */
  sha1: string
  /** Last change, in ms since the epoch. */
  modified: number
}

/** A folder that files are exported to. */
export type FolderTarget = {
  /** Absolute. */
  root: string
  /** What a reader finds, by key; hidden files (`.name`) and those that end in `.part` are not for readers. */
  files(): Promise<FolderFile[]>
  /** Removes it, with all that is in it. */
  close(): Promise<void>
}

const isForReaders = (path: string): boolean =>
  !path.endsWith('.part') && path.split(sep).every((name) => !name.startsWith('.'))

const sha1Of = async (path: string): Promise<string> => {
  const hash = createHash('sha1')
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
  return hash.digest('hex')
}

/** Makes an empty temporary folder. */
export const startFolder = async (): Promise<FolderTarget> => {
  const root = await mkdtemp(join(tmpdir(), 'exported-'))
  return {
    root,
    files: async () => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true })
      const paths = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => isForReaders(relative(root, path)))
      const files = await Promise.all(
        paths.map(async (path): Promise<FolderFile> => {
          const { size, mtimeMs } = await stat(path)
          const key = relative(root, path).split(sep).join('/')
          return { key, size, sha1: await sha1Of(path), modified: mtimeMs }
        }),
      )
      return files.sort((a, b) => (a.key < b.key ? -1 : 1))
    },
    close: () => rm(root, { recursive: true, force: true }),
  }
}
