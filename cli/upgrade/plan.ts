import { rm } from 'node:fs/promises'
import { CommandError } from '../output'
import { filesOf, type Git, idOf, storedText, type TreeFile, textOf } from './git'
import { generated, mergedFiles } from './merged-files'
import { mergedPackage, versionIn } from './merged-package'
import { type MovedImport, withMovedImports } from './moved-imports'
import { type NewInput, newInputs, type OperatorNotes, operatorNotes } from './news'
import { chosenRelease, compareVersions, fetchReleases } from './release'

export type UpgradeOptions = {
  /** The tag to go to; the newest release when undefined. */
  to?: string | undefined
  /** The tag or commit of the app that the checkout was made from; the tag of its version when undefined. */
  from?: string | undefined
  fromUrl?: string | undefined
  keep?: readonly string[] | undefined
  replace?: readonly string[] | undefined
}

/** What an upgrade would do. Only objects were written to Git so far, which nothing refers to. */
export type UpgradePlan = {
  from: string
  to: string
  /** The commit that is upgraded, and the tree that it gets. */
  head: string
  tree: string
  hasSamePackages: boolean
  files: {
    written: readonly string[]
    removed: readonly string[]
    kept: readonly string[]
    /** Changed here and in the new version: the upgrade does not go on without a choice. */
    undecided: readonly string[]
    /** Written by hand in the version before, edited here, and generated from now on. */
    overwritten: readonly string[]
  }
  packageEntries: { kept: readonly string[]; replaced: readonly string[] }
  imports: readonly { file: string; lines: readonly MovedImport[] }[]
  operator: readonly OperatorNotes[]
}

/**
 * Finds out what the next version would change. It reads what is committed: the files of the checkout do not matter.
 * @returns undefined when the checkout is at that version already
 * @throws {CommandError} there is no such release, or the version of the checkout is unknown
 */
export async function planUpgrade(git: Git, options: UpgradeOptions): Promise<UpgradePlan | string> {
  const head = (await git.run(['rev-parse', 'HEAD'])).trim()
  const own = await filesOf(git, head)
  const ownPackage = await namedText(git, own, 'package.json')
  const from = versionIn(ownPackage)
  const releases = await fetchReleases(git, options.fromUrl)
  const target = chosenRelease(releases, options.to)
  const next = await filesOf(git, target.commit)
  const nextPackage = await namedText(git, next, 'package.json')
  const to = versionIn(nextPackage)
  if (from === to) return from
  if (compareVersions(to, from) < 0) {
    throw new CommandError(`${to} is older than ${from}: git revert takes the commit of an upgrade back`)
  }

  const base = await filesOf(git, await baseCommit(git, releases, from, options.from))
  const { files, kept, undecided } = mergedFiles(base, own, next, {
    keep: options.keep ?? [],
    replace: options.replace ?? [],
  })
  const packages = mergedPackage(await namedText(git, base, 'package.json'), ownPackage, nextPackage)
  files.set('package.json', await storedText(git, packages.text))
  const imports = await moveImports(git, files, { base, own, next })
  const differing = [...new Set([...own.keys(), ...files.keys()])]
    .filter((path) => own.get(path) !== files.get(path))
    .sort()
  const isGeneratedHere = own.has('config/deployment.ts')
  return {
    from,
    to,
    head,
    tree: await writtenTree(git, files),
    hasSamePackages: packages.hasSamePackages,
    files: {
      written: differing.filter((path) => files.has(path)),
      removed: differing.filter((path) => !files.has(path)),
      kept,
      undecided,
      overwritten: isGeneratedHere
        ? []
        : generated.filter((path) => own.has(path) && base.has(path) && own.get(path) !== base.get(path)),
    },
    packageEntries: { kept: packages.kept, replaced: packages.replaced },
    imports,
    operator: operatorNotes((await maybeText(git, next, 'CHANGELOG.md')) ?? '', from, to),
  }
}

/** The new inputs of a version as it comes, by the two `.env.example` of commits or trees. */
export async function inputsBetween(git: Git, before: string, after: string): Promise<readonly NewInput[]> {
  const text = async (tree: string) => (await git.maybe(['cat-file', 'blob', `${tree}:.env.example`])) ?? ''
  return newInputs(await text(before), await text(after))
}

/** Writes the imports of the company's code anew in `files`. */
async function moveImports(
  git: Git,
  files: Map<string, TreeFile>,
  { base, own, next }: Record<'base' | 'own' | 'next', ReadonlyMap<string, TreeFile>>,
): Promise<UpgradePlan['imports']> {
  const changed: { file: string; lines: readonly MovedImport[] }[] = []
  for (const [path, file] of [...files]) {
    const isCompanys = path.startsWith('config/') || (!base.has(path) && !next.has(path))
    if (!isCompanys || !own.has(path) || !path.endsWith('.ts')) continue
    const { text, moved } = withMovedImports(path, await textOf(git, file))
    if (moved.length === 0) continue
    files.set(path, await storedText(git, text))
    changed.push({ file: path, lines: moved })
  }
  return changed
}

/** The commit of the app that the checkout was made from. */
async function baseCommit(
  git: Git,
  releases: Awaited<ReturnType<typeof fetchReleases>>,
  version: string,
  asked: string | undefined,
): Promise<string> {
  const found = releases.find(({ tag }) => tag === (asked ?? `v${version}`))
  if (found !== undefined) return found.commit
  const commit =
    asked === undefined ? undefined : await git.maybe(['rev-parse', '--verify', `${asked}^{commit}`])
  if (commit !== undefined) return commit.trim()
  throw new CommandError(
    asked === undefined
      ? `there is no release v${version}, which package.json names: name the tag or commit of the app that this checkout ` +
          'was made from with --from'
      : `--from ${asked} is neither a release nor a commit here`,
  )
}

/** Stores these files as a tree, by an index of its own. */
async function writtenTree(git: Git, files: ReadonlyMap<string, TreeFile>): Promise<string> {
  const name = `bridge-upgrade-${process.pid}.index`
  const indexFile = (await git.run(['rev-parse', '--path-format=absolute', '--git-path', name])).trim()
  const input = [...files].map(([path, file]) => `${file.split(' ')[0]} ${idOf(file)}\t${path}\0`).join('')
  await git.run(['read-tree', '--empty'], { indexFile })
  await git.run(['update-index', '-z', '--index-info'], { indexFile, input })
  const tree = await git.run(['write-tree'], { indexFile })
  await rm(indexFile, { force: true })
  return tree.trim()
}

async function namedText(git: Git, files: ReadonlyMap<string, TreeFile>, path: string): Promise<string> {
  const text = await maybeText(git, files, path)
  if (text === undefined) throw new CommandError(`${path} is missing: is this a checkout of the app?`)
  return text
}

async function maybeText(
  git: Git,
  files: ReadonlyMap<string, TreeFile>,
  path: string,
): Promise<string | undefined> {
  const file = files.get(path)
  return file === undefined ? undefined : textOf(git, file)
}
