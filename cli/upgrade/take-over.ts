import { readFile, rm, writeFile } from 'node:fs/promises'
import { isRecord, parseJson } from '../../src/core/json'
import { CommandError } from '../output'
import { entriesOf, filesOf, type Git, idOf } from './git'
import { generated } from './merged-files'
import type { UpgradePlan } from './plan'

/** An upgrade that has begun and has not ended: it was stopped, or goes on. */
export type BegunUpgrade = { from: string; to: string; head: string; tree: string }

/** What is written after the files are taken over, by `npm run generate` and npm. */
const writtenLater: readonly string[] = [...generated, 'package-lock.json']

/** Where it is noted that an upgrade has begun: in Git's folder, so that no commit takes it. */
const noteOf = async (git: Git): Promise<string> =>
  (await git.run(['rev-parse', '--path-format=absolute', '--git-path', 'bridge-upgrade.json'])).trim()

export async function readBegun(git: Git): Promise<BegunUpgrade | undefined> {
  const text = await readFile(await noteOf(git), 'utf8').catch(() => '')
  const note = parseJson(text)
  if (!isRecord(note)) return undefined
  const { from, to, head, tree } = note
  if (typeof from !== 'string' || typeof to !== 'string') return undefined
  if (typeof head !== 'string' || typeof tree !== 'string') return undefined
  return { from, to, head, tree }
}

export const forgetBegun = async (git: Git): Promise<void> => rm(await noteOf(git), { force: true })

/**
 * The files here that are neither committed nor left by an upgrade that was stopped: they would be lost.
 * @param begun the upgrade that was stopped
 */
export async function uncommitted(git: Git, begun: BegunUpgrade | undefined): Promise<readonly string[]> {
  const head = (await git.run(['rev-parse', 'HEAD'])).trim()
  const paths = await changedPaths(git)
  if (begun?.head !== head) return paths
  const [before, after] = [await filesOf(git, head), await filesOf(git, begun.tree)]
  const open: string[] = []
  for (const path of paths) {
    if (writtenLater.includes(path)) continue
    const known = [before.get(path), after.get(path)]
    const here = await git.maybe(['hash-object', '--', path])
    const isKnown =
      here === undefined
        ? known.includes(undefined)
        : known.some((file) => file !== undefined && idOf(file) === here.trim())
    if (!isKnown) open.push(path)
  }
  return open
}

/** Windows takes 32,767 characters as a command. */
const mostPaths = 100

/** The files here that git ignores and that the upgrade would write over: of them there is no other copy. */
export async function ignoredInTheWay(git: Git, { head, tree }: UpgradePlan): Promise<readonly string[]> {
  const [before, after] = [await filesOf(git, head), await filesOf(git, tree)]
  const added = [...after.keys()].filter((path) => !before.has(path))
  const ignored = [
    '--literal-pathspecs',
    'ls-files',
    '--others',
    '--ignored',
    '--exclude-standard',
    '-z',
    '--',
  ]
  const lost: string[] = []
  for (let at = 0; at < added.length; at += mostPaths) {
    const listed = await git.run([...ignored, ...added.slice(at, at + mostPaths)])
    for (const path of entriesOf(listed)) {
      const here = await git.maybe(['hash-object', '--', path])
      const file = after.get(path)
      if (file === undefined || here?.trim() !== idOf(file)) lost.push(path)
    }
  }
  return lost
}

/** What differs from the last commit, files that Git does not know included. */
async function changedPaths(git: Git): Promise<string[]> {
  const listed = await git.run(['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all'])
  return entriesOf(listed).map((entry) => entry.slice(3))
}

/** Writes the files of the plan into the checkout and its index. It may be stopped at any point, and begun again. */
export async function takeOver(git: Git, { from, to, head, tree }: UpgradePlan): Promise<void> {
  await writeFile(await noteOf(git), JSON.stringify({ from, to, head, tree }))
  await git.run(['read-tree', '--reset', '-u', tree])
}

/**
 * Commits what was taken over, with what npm has written since.
 * @returns the commit
 */
export async function commitUpgrade(git: Git, { from, to }: UpgradePlan): Promise<string> {
  const written = (await changedPaths(git)).filter((path) => writtenLater.includes(path))
  if (written.length > 0) await git.run(['add', '--', ...written])
  await git.run(['commit', '--quiet', '-m', `Upgrade aem-asset-bridge from ${from} to ${to}`])
  return (await git.run(['rev-parse', 'HEAD'])).trim()
}

/**
 * The checkout has to be a repository of its own whose committer is known.
 * @throws {CommandError} it is not
 */
export async function checkRepository(git: Git): Promise<void> {
  const prefix = await git.maybe(['rev-parse', '--show-prefix'])
  if (prefix === undefined) throw new CommandError('this folder is no git repository')
  if (prefix.trim() !== '')
    throw new CommandError('this is a folder inside a git repository: run it in the topmost one')
  await git.run(['var', 'GIT_COMMITTER_IDENT'])
}
