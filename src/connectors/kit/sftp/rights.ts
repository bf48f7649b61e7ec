import { folderOf, type OwnNames, ownNames } from '../hidden-names'
import { sftpStatus, statusOf } from './errors'
import type { SftpSession } from './session'

/** What a user may do in the root. Undefined: that could not be found out. */
export type SftpRights = {
  create: boolean | undefined
  /** The server takes names that begin with a dot; undefined when that was not asked. */
  hidden: boolean | undefined
  look: boolean | undefined
  rename: boolean | undefined
  delete: boolean | undefined
  folder: boolean | undefined
}

/**
 * Finds out what the user may do, in the root, after a request was refused: a status alone does not show whether the
 * file, its folder or the account is at fault. The names are always the same and are overwritten, so that where the user
 * may not delete, one file and one folder stay, however often this is done.
 * @param full the server's path of a path below the root
 * @throws what a request throws that is no status, such as a broken connection
 */
export async function probeRights(
  session: SftpSession,
  full: (path: string) => string,
  names: OwnNames,
  signal: AbortSignal,
): Promise<SftpRights> {
  const [first, second] = names.probes.map(full)
  const [plain] = ownNames('visible').probes.map(full)
  const rights: SftpRights = {
    create: undefined,
    hidden: undefined,
    look: await allowed(() => session.lstat(folderOf(first ?? '') || '/', signal)),
    rename: undefined,
    delete: undefined,
    folder: undefined,
  }
  if (first === undefined || second === undefined || plain === undefined) return rights
  rights.create = await creates(first)
  if (rights.create === false && first !== plain && (await creates(plain)) === true) {
    rights.hidden = false
    await allowed(() => session.unlink(plain, signal))
  }
  if (rights.create !== true) return rights
  rights.rename = await allowed(async () => {
    if (!(await session.renameOver(first, second, signal))) await session.rename(first, second, signal)
  })
  rights.delete = await allowed(() => session.unlink(rights.rename === true ? second : first, signal))
  const folder = `${first}.d`
  rights.folder = await allowed(() => session.mkdir(folder, signal))
  if (rights.folder === true) await allowed(() => session.rmdir(folder, signal))
  return rights

  /** Any refusal is one: a disk that is read-only, or full, has no status of its own. */
  async function creates(path: string): Promise<boolean | undefined> {
    try {
      await session.create(path, signal, async () => undefined, 'w')
      return true
    } catch (thrown) {
      if (statusOf(thrown) === undefined) throw thrown
      // It is there from an earlier time, and may not be overwritten: that says nothing of today.
      return (await there(path)) ? undefined : false
    }
  }

  async function there(path: string): Promise<boolean> {
    const stats = await session.lstat(path, signal).catch((thrown: unknown) => {
      if (statusOf(thrown) === undefined) throw thrown
      return undefined
    })
    return stats !== undefined
  }
}

/** Only "permission denied" shows that a right is missing. */
async function allowed(work: () => Promise<unknown>): Promise<boolean | undefined> {
  try {
    await work()
    return true
  } catch (thrown) {
    const status = statusOf(thrown)
    if (status === undefined) throw thrown
    return status === sftpStatus.permissionDenied ? false : undefined
  }
}
