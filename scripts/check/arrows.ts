import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, runScript } from '../command'
import type { Step } from './step'

const folders = [
  'actions',
  'bench',
  'cli',
  'config',
  'examples',
  'sample-config',
  'sandbox',
  'scripts',
  'src',
  'test',
]
const maxActionLines = 40

/** The imports between the rooms point down only, and an action holds no logic. */
export const arrows: Step = {
  name: 'arrows',
  run: async () => {
    const wrong = [await wrongArrows(root), await longActions(root)].filter((text) => text !== '')
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

/**
 * The imports below a folder that `.dependency-cruiser.cjs` forbids, one a line; empty when there are none.
 * @param tree a folder laid out as the repository is
 */
export async function wrongArrows(tree: string): Promise<string> {
  const present = await Promise.all(folders.map((folder) => exists(join(tree, folder))))
  const { code, output } = await runScript(
    'dependency-cruiser/bin/dependency-cruiser.mjs',
    [
      '--config',
      join(root, '.dependency-cruiser.cjs'),
      '--output-type',
      'err',
      ...folders.filter((_, index) => present[index]),
    ],
    { cwd: tree, env: { ...process.env, NO_COLOR: '1' } },
  )
  return code === 0 ? '' : output.trim()
}

/** The action files that are too long to hold no logic, one a line; empty when there are none. */
export async function longActions(tree: string): Promise<string> {
  const files = await readdir(join(tree, 'actions'), { recursive: true }).catch(() => [])
  const wrong = files
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => {
      const lines = (await readFile(join(tree, 'actions', file), 'utf8')).trimEnd().split('\n').length
      if (lines <= maxActionLines) return []
      return [
        `actions/${file} has ${lines} lines; more than ${maxActionLines} hold logic that belongs below src/`,
      ]
    })
  return (await Promise.all(wrong)).flat().join('\n')
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
