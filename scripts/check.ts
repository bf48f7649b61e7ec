import { arrows } from './check/arrows'
import { budgets } from './check/budgets'
import { docs } from './check/docs'
import { oneMechanism } from './check/mechanisms'
import type { Step } from './check/step'
import { supply } from './check/supply'
import { deadCode, lint, types } from './check/tools'

// One after the other: budgets, which takes times, has the machine for itself.
const steps: readonly Step[] = [types, lint, arrows, oneMechanism, deadCode, docs, supply, budgets]

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

/** `npm run check [-- step ...]`: all steps, or those named; each runs whatever became of the others. */
async function check(): Promise<void> {
  const names = process.argv.slice(2)
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    throw new Error(
      `no step named ${unknown.join(', ')}; there are: ${steps.map(({ name }) => name).join(', ')}`,
    )
  }
  for (const step of steps) {
    if (names.length > 0 && !names.includes(step.name)) continue
    if (!(await passes(step))) process.exitCode = 1
  }
}

check().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
