import { compare } from './compare'
import { readCommandLine } from './harness/command-line'
import { printResult } from './harness/print'
import { writeResult } from './harness/result-file'
import { writePage } from './page/write-page'
import { profile } from './profile'
import { rows } from './rows'

/**
 * `npm run bench [-- row ... --options]`: the rows named, or all of them. `compare <ref> <row>` runs a row on this
 * checkout and on another commit; `profile <row>` shows where our side spends its time; `page` writes docs/performance.md from what the rows found.
 */
async function bench(): Promise<void> {
  const { names, args, context, out } = readCommandLine(process.argv.slice(2), rows)
  const [first, ...others] = names
  if (first === 'page') return writePage()
  if (first === 'profile') return profile(others, args)
  if (first === 'compare') return compare(others, args, context.rounds(3, 5))
  const unknown = names.filter((name) => !rows.some((row) => row.name === name))
  if (unknown.length > 0) {
    const known = rows.map(({ name }) => name).join(', ')
    throw new Error(
      `no row named ${unknown.join(', ')}; there are: ${known}; and the commands compare, profile, page`,
    )
  }
  const failed: string[] = []
  for (const row of rows.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const started = performance.now()
    try {
      const command = `npm run bench -- ${[row.name, ...args].join(' ')}`
      const result = await writeResult(row, await row.run(context), command, out)
      printResult(result)
      const seconds = Math.round((performance.now() - started) / 1000)
      console.log(`  ${seconds} s, written to ${out ?? 'bench/out'}/${row.name}.json`)
    } catch (error) {
      // One row that fails keeps no other one from being measured.
      console.error(`\n${row.name} FAILED: ${error instanceof Error ? error.message : error}`)
      failed.push(row.name)
    }
  }
  if (failed.length > 0) throw new Error(`not measured: ${failed.join(', ')}`)
}

bench().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
