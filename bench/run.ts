import { cold } from './cold'
import { exportFiles } from './export'

/** One entry a benchmark: `npm run bench -- <name>`; all of them without a name. What begins with `--` is theirs. */
const benchmarks: Readonly<Record<string, () => Promise<void>>> = { cold, export: exportFiles }

async function run(): Promise<void> {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
    const benchmark = benchmarks[name]
    if (benchmark === undefined) {
      throw new Error(`no benchmark named ${name}; there are: ${Object.keys(benchmarks).join(', ')}`)
    }
    await benchmark()
  }
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
