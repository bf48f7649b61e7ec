import { readFile } from 'node:fs/promises'
import { buildBaseline } from '../../bench/baseline'
import { type BuiltAction, declaredActions, ensureBuilt } from '../app-build'
import limits from '../budgets.json'
import { loadFresh, loadInTurn } from '../load-time'
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
    for (const action of actions) wrong.push(...(await problemsOf(action, minimised)))
    const names = new Set(actions.map(({ name }) => name))
    const stale = Object.keys(limits).filter((name) => !names.has(name))
    wrong.push(
      ...stale.map((name) => `scripts/budgets.json names ${name}, which ext.config.yaml does not declare`),
    )
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

async function problemsOf({ name, bundle }: BuiltAction, baseline: string): Promise<string[]> {
  const budget = (limits as Readonly<Record<string, Budget>>)[name]
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

  const [ours = [], other = []] = await loadInTurn([bundle, baseline], rounds)
  // The least of them: what else the machine does only adds to a load.
  const ourMs = Math.min(...ours.map(({ loadMs }) => loadMs))
  const otherMs = Math.min(...other.map(({ loadMs }) => loadMs))
  const figures = `${ourMs.toFixed(1)} ms against ${otherMs.toFixed(1)} ms`
  if (!(otherMs / ourMs >= budget.minLoadRatio)) {
    wrong.push(
      `${name}: loads ${(otherMs / ourMs).toFixed(1)} times faster than the whole SDK, less than ${budget.minLoadRatio} (${figures})`,
    )
  }
  return wrong
}
