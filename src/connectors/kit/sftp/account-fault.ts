import type { Clock } from '../../../core/clock'
import type { BridgeError } from '../../../core/errors'
import type { OwnNames } from '../hidden-names'
import { connectionLost, notAllowed, rootUnusable, type SftpRight, sftpStatus } from './errors'
import { probeRights, type SftpRights } from './rights'
import type { SftpSession } from './session'

/** What the user of a server was found not to be allowed, and when, in milliseconds since the epoch. */
export type KnownRights = { rights?: SftpRights; at?: number; probing?: Promise<SftpRights> }

const probeMs = 10_000
/** A missing right is looked for again after this long. */
const knownMs = 60_000

/**
 * Makes what tells a refusal of the account from one of a file, since a status alone does not.
 * @param full the server's path of a path below the root
 * @returns the account's error; undefined when it may do the same in the root: then the file or its folder is at fault
 */
export function createFaultFinder(
  session: SftpSession,
  full: (path: string) => string,
  {
    inputs,
    names,
    known,
    clock,
  }: { inputs: string; names: OwnNames; known: KnownRights; clock: Pick<Clock, 'now'> },
): (status: number, right: SftpRight | undefined, thrown: unknown) => Promise<BridgeError | undefined> {
  return accountsFault

  async function accountsFault(
    status: number,
    right: SftpRight | undefined,
    thrown: unknown,
  ): Promise<BridgeError | undefined> {
    let rights: SftpRights
    try {
      rights = await rightsInRoot()
    } catch {
      return connectionLost()
    }
    if (rights.hidden === false) return notAllowed('hidden', inputs)
    if (rights.create === false) return rootUnusable(inputs, status, thrown)
    if (status !== sftpStatus.permissionDenied) return undefined
    if (right !== undefined && right !== 'read' && rights[right] === false) return notAllowed(right, inputs)
    // Rather try again than blame a file without knowing.
    return rights.create === undefined ? rootUnusable(inputs, status, thrown) : undefined
  }

  /** Asks once for all files that are refused at the same time, and not again for a while when a right is missing. */
  function rightsInRoot(): Promise<SftpRights> {
    const now = clock.now()
    if (known.rights !== undefined && now - (known.at ?? 0) < knownMs) return Promise.resolve(known.rights)
    known.probing ??= probeRights(session, full, names, AbortSignal.timeout(probeMs))
      .then((rights) => {
        if (Object.values(rights).includes(false)) Object.assign(known, { rights, at: now })
        return rights
      })
      .finally(() => {
        delete known.probing
      })
    return known.probing
  }
}
