import { createHash, randomBytes } from 'node:crypto'

const maxNameBytes = 255

/**
 * What the app's own files beside a file are called: `hidden`, with a dot in front, or `visible`, for servers that refuse
 * such names.
 */
export type OwnNameForm = 'hidden' | 'visible'

/** The names of the app's own files, in the folder of the file that they belong to. */
export type OwnNames = {
  /** Where a file is written before it is published; never used twice. */
  temporary(path: string): string
  /** Where the version of a file is noted. */
  version(path: string): string
  /** Whether a name was made by `temporary`. */
  isTemporary(name: string): boolean
  /** Whether a name is reserved: no file of the user's may have it. */
  isReserved(name: string): boolean
  /** Two names in the root for finding out what a user may do. They are always the same, so that they never pile up. */
  probes: readonly [string, string]
}

/** The names in one form. */
export const ownNames = (form: OwnNameForm): OwnNames => (form === 'hidden' ? hidden : visible)

const hidden: OwnNames = {
  temporary: (path) => temporaryPath(path),
  version: (path) => versionPath(path),
  isTemporary: (name) => isTemporaryName(name),
  isReserved: (name) => name.startsWith('.'),
  probes: ['.probe.0000000000000000.part', '.probe.0000000000000001.part'],
}

const visible: OwnNames = {
  temporary: (path) => beside(path, '', `${randomBytes(8).toString('hex')}.bridge-part`),
  version: (path) => beside(path, '', 'bridge-version'),
  isTemporary: (name) => /^.+\.[0-9a-f]{16}\.bridge-part$/.test(name),
  isReserved: (name) => name.startsWith('.') || /\.bridge-(part|version)$/i.test(name),
  probes: ['probe.0000000000000000.bridge-part', 'probe.0000000000000001.bridge-part'],
}

const temporaryName = /^\..+\.[0-9a-f]{16}\.part$/

/** Where a file is written before it is published: hidden, in the same folder, never used twice. */
export const temporaryPath = (path: string): string =>
  beside(path, '.', `${randomBytes(8).toString('hex')}.part`)

/** Where the version of a file is noted: hidden, in the same folder. */
export const versionPath = (path: string): string => beside(path, '.', 'version')

/** Whether a name was made by `temporaryPath`. */
export const isTemporaryName = (name: string): boolean => temporaryName.test(name)

/** The folder of a path below the root; empty for the root itself. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

function beside(path: string, prefix: string, suffix: string): string {
  const folder = folderOf(path)
  const name = folder === '' ? path : path.slice(folder.length + 1)
  const plain = `${prefix}${name}.${suffix}`
  const own = Buffer.byteLength(plain) <= maxNameBytes ? plain : `${prefix}${shortOf(name)}.${suffix}`
  return folder === '' ? own : `${folder}/${own}`
}

const shortOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 40)
