import { batch } from './batch'
import { capacity } from './capacity'
import { chaosRun } from './chaos'
import { cold } from './cold'
import { exportFiles } from './export'
import { pimBurst } from './pim-burst'

/** One entry a benchmark: `npm run bench -- <name>`; all of them without a name. What begins with `--` is theirs. */
const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  cold,
  export: exportFiles,
  batch,
  chaos: chaosRun,
  'pim-burst': pimBurst,
  capacity,
}

async function run(): Promise<void> {
  const all = Object.keys(benchmarks)
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name))
  if (unknown.length > 0) {
    throw new Error(`no benchmark named ${unknown.join(', ')}; there are: ${all.join(', ')}`)
  }
  for (const name of names.length > 0 ? names : all) await benchmarks[name]?.()
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
