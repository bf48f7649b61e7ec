import { createHash, randomBytes } from 'node:crypto'

const maxNameBytes = 255
const temporaryName = /^\..+\.[0-9a-f]{16}\.part$/

/** Where a file is written before it is published: hidden, in the same folder, never used twice. */
export const temporaryPath = (path: string): string => beside(path, `${randomBytes(8).toString('hex')}.part`)

/** Where the version of a file is noted: hidden, in the same folder. */
export const versionPath = (path: string): string => beside(path, 'version')

/** Whether a name was made by `temporaryPath`. */
export const isTemporaryName = (name: string): boolean => temporaryName.test(name)

/** The folder of a path below the root; empty for the root itself. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

function beside(path: string, suffix: string): string {
  const folder = folderOf(path)
  const name = folder === '' ? path : path.slice(folder.length + 1)
  const plain = `.${name}.${suffix}`
  const hidden = Buffer.byteLength(plain) <= maxNameBytes ? plain : `.${shortOf(name)}.${suffix}`
  return folder === '' ? hidden : `${folder}/${hidden}`
}

const shortOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 40)
