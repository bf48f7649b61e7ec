import { readFile } from 'node:fs/promises'
import { buildBaseline } from '../../bench/baseline'
import { type BuiltAction, declaredActions, ensureBuilt } from '../app-build'
import limits from '../budgets.json'
import { type LoadSample, loadFresh, loadInTurn } from '../load-time'
import type { Step } from './step'

const rounds = 11

/** What an action may cost. */
type Budget = {
  /** Of index.js, in KB of 1024 bytes. */
  maxBundleKb: number
  /** How many times faster it must load than the sample on the whole SDK, minimised with the same settings. */
  minLoadRatio: number
}

/** No bundle outgrows its budget, breaks when it is loaded, or loads what it does not need. */
export const budgets: Step = {
  name: 'budgets',
  run: async () => {
    await ensureBuilt()
    const actions = await declaredActions()
    const { minimised } = await buildBaseline()
    const wrong: string[] = []
    for (const action of actions) wrong.push(...(await problemsOf(action)))
    if (wrong.length === 0) wrong.push(...(await slowIn(actions, minimised)))
    const names = new Set(actions.map(({ name }) => name))
    const stale = Object.keys(limits).filter((name) => !names.has(name))
    wrong.push(
      ...stale.map((name) => `scripts/budgets.json names ${name}, which ext.config.yaml does not declare`),
    )
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

const budgetOf = (name: string): Budget | undefined => (limits as Readonly<Record<string, Budget>>)[name]

async function problemsOf({ name, bundle }: BuiltAction): Promise<string[]> {
  const budget = budgetOf(name)
  if (budget === undefined) return [`${name} has no budget in scripts/budgets.json`]
  const wrong: string[] = []
  const code = await readFile(bundle, 'utf8')

  const kb = Buffer.byteLength(code) / 1024
  if (kb > budget.maxBundleKb) {
    wrong.push(`${name}: index.js has ${kb.toFixed(0)} KB, more than ${budget.maxBundleKb}`)
  }
  // Node takes such a file for an ES module, and require() then answers an empty object.
  if (code.includes('import.meta')) wrong.push(`${name}: import.meta is left in the bundle`)

  const { exports, stateLoaded } = await loadFresh(bundle)
  if (!exports.includes('main')) wrong.push(`${name}: the bundle exports no main`)
  if (stateLoaded) wrong.push(`${name}: aio-lib-state is evaluated when the bundle is loaded`)

  return wrong
}

/** Actions that load too slowly, all of them held against the same loads of the sample. */
async function slowIn(actions: readonly BuiltAction[], baseline: string): Promise<string[]> {
  const [others = [], ...ours] = await loadInTurn([baseline, ...actions.map(({ bundle }) => bundle)], rounds)
  // The least of them: what else the machine does only adds to a load.
  const least = (samples: readonly LoadSample[]): number => Math.min(...samples.map(({ loadMs }) => loadMs))
  const otherMs = least(others)
  return actions.flatMap(({ name }, index) => {
    const ourMs = least(ours[index] ?? [])
    const { minLoadRatio = 0 } = budgetOf(name) ?? {}
    if (otherMs / ourMs >= minLoadRatio) return []
    const ratio = (otherMs / ourMs).toFixed(1)
    const figures = `${ourMs.toFixed(1)} ms against ${otherMs.toFixed(1)} ms`
    return [`${name}: loads ${ratio} times faster than the whole SDK, less than ${minLoadRatio} (${figures})`]
  })
}
