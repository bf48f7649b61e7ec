import { sftp } from '../../src/destinations/sftp'
import { contextOf } from './context'
import { fakeBinary } from './fake-binary'

/** What the test gives, as JSON in the first argument. */
type Job = { inputs: Record<string, string>; key: string; size: number }

/** Puts one file, looks at it, and prints what it found and which native parts it has loaded. */
async function run({ inputs, key, size }: Job): Promise<void> {
  const destination = sftp().create(contextOf(inputs))
  const signal = new AbortController().signal
  const stored = await destination.put(key, fakeBinary({ size }), { signal })
  const held = await destination.head?.(key, signal)
  const report: unknown = process.report.getReport()
  const libraries = JSON.stringify(report).match(/[^"]*\.node"/g) ?? []
  process.stdout.write(JSON.stringify({ stored, held, libraries }))
  process.exit(0)
}

run(JSON.parse(process.argv[2] ?? '{}')).catch((thrown: unknown) => {
  console.error(thrown)
  process.exit(1)
})
