import type { CallContext } from '../../core/call-context'
import type { UploadAnswer } from '../../http/upload'

/** Makes the folders that files go to. */
export type Folders = {
  /** Makes the folder of a key, and those above it. Folders that are known to be there are not asked for. */
  make(key: string, call: CallContext): Promise<void>
  /** Somebody may have removed them. */
  forget(): void
  /** Whether the server has made one: 405 is also what one answers that makes none. */
  hasMade(): boolean
}

/** What folders are made with. */
export type FolderParts = {
  /** Sends MKCOL for a folder, retried. `/` is at the end of its path. */
  mkcol(folder: string, call: CallContext): Promise<UploadAnswer>
  /** The error for an answer that is no success. */
  toError(answer: UploadAnswer): Error
}

const maxKnown = 10_000

/** The folder of a key; empty for one that has none. */
export const folderOfKey = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('/')))

/**
 * Makes folders at a WebDAV server, which takes no file into one that is not there (RFC 4918, 9.7.1). MKCOL makes one
 * folder at a time: 405 says that it is there already, 409 that the one above is not (9.3.1).
 */
export function createFolders({ mkcol, toError }: FolderParts): Folders {
  const known = new Set<string>()
  let made = false

  return {
    make: (key, call) => ensure(folderOfKey(key), call),
    forget: () => known.clear(),
    hasMade: () => made,
  }

  async function ensure(folder: string, call: CallContext): Promise<void> {
    if (folder === '' || known.has(folder)) return
    let answer = await mkcol(folder, call)
    if (answer.status === 404 || answer.status === 409) {
      // The root of the URL is none of ours: without it, the same answer comes once more.
      await ensure(folderOfKey(folder), call)
      answer = await mkcol(folder, call)
    }
    // Two that make one folder at the same moment: to the later one Apache answers 403, and others 409. Then it is there.
    if (!isMade(answer) && answer.status !== 405) answer = await mkcol(folder, call)
    if (isMade(answer)) made = true
    else if (answer.status !== 405) throw toError(answer)
    if (known.size >= maxKnown) known.clear()
    known.add(folder)
  }
}

const isMade = ({ status }: UploadAnswer): boolean => status >= 200 && status < 300
