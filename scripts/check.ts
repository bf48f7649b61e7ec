import { arrows } from './check/arrows'
import { budgets, loadTimes } from './check/budgets'
import { docs } from './check/docs'
import { generated } from './check/generated'
import { inputs } from './check/inputs'
import { links } from './check/links'
import { oneMechanism } from './check/mechanisms'
import type { Step } from './check/step'
import { supply } from './check/supply'
import { deadCode, lint, types } from './check/tools'

// One after the other: the last one, which takes times, has the machine for itself.
const steps: readonly Step[] = [
  types,
  lint,
  arrows,
  oneMechanism,
  deadCode,
  generated,
  inputs,
  docs,
  links,
  supply,
  budgets,
  loadTimes,
]

/** Runs one step and prints its line. */
async function passes(step: Step): Promise<boolean> {
  const started = performance.now()
  const problem = await step
    .run()
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${problem === undefined ? 'ok  ' : 'FAIL'} ${step.name.padEnd(10)} ${seconds.padStart(6)} s`)
  if (problem !== undefined) console.log(`${problem.trimEnd()}\n`)
  return problem === undefined
}

/** `npm run check [-- step ...]`: all steps, or those named, or with `--skip` all but those named. */
async function check(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2)
  const skips = first === '--skip'
  const names = skips || first === undefined ? rest : [first, ...rest]
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    throw new Error(
      `no step named ${unknown.join(', ')}; there are: ${steps.map(({ name }) => name).join(', ')}`,
    )
  }
  for (const step of steps) {
    if (names.length > 0 && names.includes(step.name) === skips) continue
    if (!(await passes(step))) process.exitCode = 1
  }
}

check().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
