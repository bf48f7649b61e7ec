import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BridgeError, permanentError, systemicError, transientError } from '../../core/errors'
import { temporaryPath } from '../kit/hidden-names'

const upstream = 'FOLDER'
const fullOrReadOnly = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])
const hopeless = new Set([
  'EACCES',
  'EEXIST',
  'EFBIG',
  'EILSEQ',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOTDIR',
  'ENOTEMPTY',
  'EPERM',
])

/** The system's code of a failed call, such as `ENOSPC`; undefined when something else was thrown. */
export function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown && 'syscall' in thrown))
    return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}

/**
 * A failed call as a BridgeError; what is one already, or not a system's error, comes back as it is.
 * The root is checked first: while it is unusable, the failure is not that of a file.
 */
export async function toFolderError(
  thrown: unknown,
  { root, inputs }: { root: string; inputs: string },
  path: string,
): Promise<unknown> {
  const code = systemCode(thrown)
  if (code === undefined || thrown instanceof BridgeError) return thrown
  const trouble = path === '' ? code : await rootTrouble(root)
  if (trouble !== undefined) {
    return systemicError('FOLDER_ROOT_UNUSABLE', `the folder ${inputs}_ROOT cannot be used: ${trouble}`, {
      upstream,
    })
  }
  const message = `the folder destination failed on ${path}: ${code}`
  if (fullOrReadOnly.has(code)) return systemicError('FOLDER_UNWRITABLE', message, { upstream })
  if (hopeless.has(code)) return permanentError('FOLDER_REFUSED', message, { upstream })
  return transientError('FOLDER_FAILED', message, { upstream })
}

/** Tests by writing, since the permissions of a network share are not always reliable. */
async function rootTrouble(root: string): Promise<string | undefined> {
  const probe = join(root, temporaryPath('probe'))
  try {
    await writeFile(probe, '', { flag: 'wx' })
    await unlink(probe)
    return undefined
  } catch (thrown) {
    const code = systemCode(thrown) ?? 'unknown error'
    // Nothing has been exported yet, so nothing is wrong.
    return code === 'ENOENT' ? undefined : code
  }
}

/** A folder, or something else that is no file, where a file should be. */
export const notAFile = (path: string): BridgeError =>
  permanentError('FOLDER_REFUSED', `${path} is there already, and is not a file`, { upstream })

/** A symbolic link that leads out of the root. */
export const leavesRoot = (path: string, inputs: string): BridgeError =>
  permanentError(
    'FOLDER_LEAVES_ROOT',
    `${path} lies behind a symbolic link that leads out of ${inputs}_ROOT`,
    {
      upstream,
    },
  )
