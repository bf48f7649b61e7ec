import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../command'
import type { Step } from './step'

const registry = 'https://registry.npmjs.org/'
const lockFile = 'package-lock.json'

/** A package as the lock file names it. */
type Locked = {
  integrity?: string
  resolved?: string
  /** A folder of this repository. */
  link?: boolean
  /** It comes inside of another package, whose integrity covers it. */
  inBundle?: boolean
}

/** Every package comes from the npm registry, and is the one that was looked at when it was locked. */
export const supply: Step = {
  name: 'supply',
  run: async () => {
    const lock: { packages?: Record<string, Locked> } = JSON.parse(
      await readFile(join(root, lockFile), 'utf8'),
    )
    const wrong = unsafePackages(lock.packages ?? {})
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

/** What is wrong with the packages of a lock file, one a line. Without `resolved`, npm takes the registry it is set to. */
export function unsafePackages(packages: Readonly<Record<string, Locked>>): string[] {
  const entries = Object.entries(packages).filter(([place]) => place !== '')
  if (entries.length === 0) return [`${lockFile} names no package`]
  return entries.flatMap(([place, { integrity, resolved, link, inBundle }]) => {
    if (link) return [`${place} is a link: what it leads to is not locked`]
    const isHashed = integrity?.startsWith('sha512-') || inBundle === true
    return [
      ...(isHashed
        ? []
        : [`${place} has no sha512 integrity: npm view <name>@<version> dist.integrity tells it`]),
      ...(resolved === undefined || resolved.startsWith(registry)
        ? []
        : [`${place} comes from ${resolved}, not from ${registry}`]),
    ]
  })
}
