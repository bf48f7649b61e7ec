/** What tells one file from another in a tree. */
export type FileFacts = {
  /** In bytes. */
  size: number
  /** Changes whenever another file takes the place; a rename keeps it. As exact as the tree allows. */
  stamp: string
  /** When it was last written, by the clock of the tree, in milliseconds since the epoch. */
  modifiedMs: number
}

/**
 * Files and folders as a file system or an SFTP server has them. Paths are relative to the root, joined by `/`; the
 * empty path is the root. Every error is a `BridgeError` of the right class, or the signal's reason.
 */
export type FileTree = {
  /** The file at the path itself, no link followed; undefined when there is none. Throws, permanent, on a folder. */
  stat(path: string, signal: AbortSignal): Promise<FileFacts | undefined>
  /** The first 4 KiB of a text file; undefined when there is none. */
  readText(path: string, signal: AbortSignal): Promise<string | undefined>
  /** Creates a folder and those above it, the root included. */
  makeFolder(path: string, signal: AbortSignal): Promise<void>
  /** Creates a file that must not be there yet, with its bytes flushed to the disk. A failure may leave it behind. */
  writeNew(path: string, chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<FileFacts>
  /** The same over whatever file is there, in place: readers see it grow. No link is followed. */
  writeOver(path: string, chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<FileFacts>
  /** Creates a small text file; false when something is there already. */
  writeText(path: string, text: string, signal: AbortSignal): Promise<boolean>
  /** Renames over whatever is there, in one step. */
  replace(from: string, to: string, signal: AbortSignal): Promise<void>
  /** Renames where nothing is; false, and nothing done, when something is. */
  place(from: string, to: string, signal: AbortSignal): Promise<boolean>
  /** Removes a file or a link; nothing happens when there is none. */
  remove(path: string, signal: AbortSignal): Promise<void>
  /** All files and folders in a folder, in any order, links left out; none where the folder is not there. */
  children(folder: string, signal: AbortSignal): AsyncIterable<{ name: string; isFolder: boolean }>
  /** Files of a folder, the hidden ones at least, and when they were last written; a large folder may be listed in part. */
  list(folder: string, signal: AbortSignal): AsyncIterable<{ name: string; modifiedMs: number }>
}
