import { isDeepStrictEqual } from 'node:util'
import { isRecord, parseJson } from '../../src/core/json'
import { CommandError } from '../output'

export type MergedPackage = {
  text: string
  /** Entries that the company has added, changed or removed, and that stay so, such as `dependencies.left-pad`. */
  kept: readonly string[]
  /** Entries that the company and the new version have both changed: the new version's are taken. */
  replaced: readonly string[]
  /** The packages are those of the new version, so that its package-lock.json fits. */
  hasSamePackages: boolean
}

const packageFields = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides']

/**
 * The new version's package.json with what the company has added to its own.
 * @throws {CommandError} one of them is no JSON object
 */
export function mergedPackage(base: string, own: string, next: string): MergedPackage {
  const [before, mine, theirs] = [objectIn(base), objectIn(own), objectIn(next)]
  const [kept, replaced]: [string[], string[]] = [[], []]

  function merged(path: string, b: unknown, m: unknown, t: unknown): unknown {
    if (path === 'version') return t
    if (isRecord(m) && isRecord(t)) {
      const names = [...new Set([...Object.keys(t), ...Object.keys(m)])]
      const old = isRecord(b) ? b : {}
      return Object.fromEntries(
        names.flatMap((name) => {
          const value = merged(path === '' ? name : `${path}.${name}`, old[name], m[name], t[name])
          return value === undefined ? [] : [[name, value]]
        }),
      )
    }
    if (isDeepStrictEqual(m, b) || isDeepStrictEqual(m, t)) return t
    if (isDeepStrictEqual(t, b)) {
      kept.push(path)
      return m
    }
    replaced.push(path)
    return t
  }

  const result = merged('', before, mine, theirs)
  return {
    text: isDeepStrictEqual(result, theirs) ? next : `${JSON.stringify(sorted(result), null, 2)}\n`,
    kept,
    replaced,
    hasSamePackages:
      isRecord(result) && packageFields.every((field) => isDeepStrictEqual(result[field], theirs[field])),
  }
}

/** The version in a package.json. */
export function versionIn(text: string): string {
  const { version } = objectIn(text)
  if (typeof version !== 'string') throw new CommandError('package.json names no version')
  return version
}

/** Packages in the order in which npm writes them. */
function sorted(result: unknown): unknown {
  if (!isRecord(result)) return result
  return Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      packageFields.includes(name) && isRecord(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    ]),
  )
}

function objectIn(text: string): Record<string, unknown> {
  const value = parseJson(text)
  if (!isRecord(value)) throw new CommandError('package.json holds no JSON object')
  return value
}
