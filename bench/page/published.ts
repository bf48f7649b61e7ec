import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../../scripts/command'
import { type Result, readResult } from '../harness/result-file'
import { rows } from '../rows'

/** Where the results of the page stand. */
export const publishedFolder = join(root, 'docs/performance')

/** The results in a folder: the rows in the order of the suite, then the comparisons. */
export async function resultsIn(folder: string): Promise<Result[]> {
  const files = await readdir(folder).catch(() => [])
  const results = await Promise.all(
    files.filter((file) => file.endsWith('.json')).map((file) => readResult(join(folder, file))),
  )
  const order = (name: string): number => {
    const at = rows.findIndex((row) => row.name === name)
    return at < 0 ? rows.length : at
  }
  return results.sort((a, b) => order(a.row) - order(b.row) || (a.row < b.row ? -1 : 1))
}
