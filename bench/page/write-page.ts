import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../../scripts/command'
import { plotSvg } from '../harness/plot'
import { outFolder } from '../harness/result-file'
import { performancePage, plotFile } from './performance-page'
import { publishedFolder, resultsIn } from './published'

/**
 * `npm run bench -- page`: takes each result of bench/out into docs/performance, with its plots, and writes the page.
 * Rows that were not run keep what was published before.
 */
export async function writePage(): Promise<void> {
  await mkdir(publishedFolder, { recursive: true })
  const found = await resultsIn(outFolder)
  for (const { row, plots } of found) {
    await copyFile(join(outFolder, `${row}.json`), join(publishedFolder, `${row}.json`))
    for (const plot of plots) await writeFile(join(publishedFolder, plotFile(row, plot.name)), plotSvg(plot))
    console.log(`taken    ${row}`)
  }
  const all = await resultsIn(publishedFolder)
  await writeFile(join(root, 'docs/performance.md'), performancePage(all))
  console.log('written  docs/performance.md')
}
