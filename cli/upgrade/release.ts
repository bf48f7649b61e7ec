import { CommandError } from '../output'
import { type Git, withoutLogins } from './git'

/** A version as its tag names it, such as `v1.2.3`, with its commit. */
export type Release = { tag: string; commit: string }

/** Where the tags of releases are kept: apart from the tags of the company. */
const place = 'refs/bridge-upgrade/'

/** The remote that is asked when no URL is given. */
const usualRemote = 'upstream'

/**
 * Fetches the tags `v*` of the app's repository. No branch, tag or file of the checkout changes.
 * @throws {CommandError} there is no such remote, it cannot be read, or it has no releases
 */
export async function fetchReleases(git: Git, url: string | undefined): Promise<readonly Release[]> {
  const source = url ?? usualRemote
  if (url === undefined && (await git.maybe(['remote', 'get-url', usualRemote])) === undefined) {
    throw new CommandError(
      `there is no git remote named ${usualRemote}: git remote add ${usualRemote} <URL of the app's repository>, ` +
        'or name the URL with --from-url',
    )
  }
  await git.run([
    'fetch',
    '--quiet',
    // What another URL once gave, or what was withdrawn, is no release of this source. It prunes below `place` alone.
    '--prune',
    '--no-tags',
    '--no-write-fetch-head',
    '--',
    source,
    `+refs/tags/v*:${place}v*`,
  ])
  // The tag, what it is of, and the commit where that is an annotated tag.
  const format = '--format=%(refname) %(objectname) %(*objectname)'
  const lines = (await git.run(['for-each-ref', format, place])).split('\n').filter((line) => line !== '')
  if (lines.length === 0)
    throw new CommandError(`${withoutLogins(source)} has no release: no tag such as v1.2.3`)
  return lines.map((line) => {
    const [name = '', object = '', commit = ''] = line.split(' ')
    return { tag: name.slice(place.length), commit: commit === '' ? object : commit }
  })
}

/**
 * The release that is asked for, or else the newest one that is no pre-release.
 * @throws {CommandError} there is none
 */
export function chosenRelease(releases: readonly Release[], asked: string | undefined): Release {
  if (asked !== undefined) {
    const found = releases.find(({ tag }) => tag === asked || tag === `v${asked}`)
    if (found !== undefined) return found
    throw new CommandError(
      `there is no release ${asked}; there are ${releases.map(({ tag }) => tag).join(', ')}`,
    )
  }
  const [newest] = releases
    .filter(({ tag }) => numbersOf(tag) !== undefined)
    .sort((a, b) => compareVersions(b.tag, a.tag))
  if (newest === undefined) throw new CommandError('there are pre-releases only: name one with --to')
  return newest
}

/** Below 0 when `a` is older. What is behind a hyphen does not count. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a.split('-')[0] ?? ''), numbersOf(b.split('-')[0] ?? '')]
  if (left === undefined || right === undefined) return 0
  const at = left.findIndex((number, index) => number !== right[index])
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
}

/** Undefined when it is no version, or a pre-release. */
function numbersOf(version: string): readonly number[] | undefined {
  const found = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(version)
  return found === null ? undefined : found.slice(1).map(Number)
}
