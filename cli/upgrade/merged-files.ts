import type { TreeFile } from './git'

type Files = ReadonlyMap<string, TreeFile>

/** What becomes of a file that the company and the new version have both changed. */
type Choice = { keep: readonly string[]; replace: readonly string[] }

export type MergedFiles = {
  files: Map<string, TreeFile>
  /** Files of the app that the company has changed, or removed, and that stay so. */
  kept: readonly string[]
  /** Changed by the company and by the new version: somebody has to choose. */
  undecided: readonly string[]
}

/** What `npm run generate` writes: no version of it has to be kept. */
export const generated: readonly string[] = [
  'ext.config.yaml',
  '.env.example',
  'src/inputs/declared.ts',
  'docs/configuration.md',
  'sample-config/ext.config.yaml',
  'sample-config/declared-inputs.ts',
]

/** They are merged by their content, or follow from it. */
const mergedApart = ['package.json', 'package-lock.json']

/** The company's alone, also where a new version has such a file. */
const companyPlaces = ['config/', 'aem/', '.github/workflows/deploy.yml']

/**
 * Takes the files of the new version, and keeps those of the company. A file is compared as a whole: no line of one is
 * ever mixed with a line of the other.
 * @param base the files of the version that the checkout was made from
 * @param own the checkout
 * @param next the new version
 */
export function mergedFiles(base: Files, own: Files, next: Files, choice: Choice): MergedFiles {
  const files = new Map<string, TreeFile>()
  const [kept, undecided]: [string[], string[]] = [[], []]
  for (const path of [...new Set([...own.keys(), ...next.keys()])].sort()) {
    const [before, mine, theirs] = [base.get(path), own.get(path), next.get(path)]
    const taken = takenFile()
    if (taken !== undefined) files.set(path, taken)

    function takenFile(): TreeFile | undefined {
      if (generated.includes(path) || mergedApart.includes(path)) return theirs
      if (isBelow(path, companyPlaces)) return mine === undefined && before === undefined ? theirs : mine
      if (mine === before || mine === theirs) return theirs
      if (theirs !== before) {
        if (isBelow(path, choice.replace)) return theirs
        if (!isBelow(path, choice.keep)) {
          undecided.push(path)
          return mine
        }
      }
      if (before !== undefined || theirs !== undefined) kept.push(path)
      return mine
    }
  }
  return { files, kept, undecided }
}

/** Whether a path is one of these, or in a folder that is. */
const isBelow = (path: string, places: readonly string[]): boolean =>
  places.some((place) => path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`))
