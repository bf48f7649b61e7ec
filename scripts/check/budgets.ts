import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { bundleRival } from '../../bench/rivals/bundle'
import { type App, type BuiltAction, declaredActions, ensureBuilt, filesOf, ownApp } from '../app-build'
import limits from '../budgets.json'
import { root } from '../command'
import { loadFresh, loadInTurn, median } from '../load-time'
import type { Step } from './step'

const rounds = 9

/** What an action may cost. */
type Budget = {
  /** Of index.js, which is read on every cold start, in KB of 1024 bytes. */
  maxBundleKb: number
  /** Of index.js and all that is loaded when it is needed, in KB of 1024 bytes. */
  maxTotalKb: number
  /** How many times faster it must load than the sample on the whole SDK, minimised with the same settings. */
  minLoadRatio: number
}

/**
 * No bundle outgrows its budget, breaks when it is loaded, or loads what it does not need. Sizes are those of the sample
 * configuration: what connectors of a user's own weigh is the user's decision. The user's bundles are held to the rest.
 */
export const budgets: Step = {
  name: 'budgets',
  run: async () => {
    await ensureBuilt()
    const actions = await declaredActions()
    const wrong: string[] = []
    for (const action of actions) wrong.push(...(await tooLarge(action)), ...(await brokenIn(action)))
    if (!(await isAsItComes())) wrong.push(...(await brokenInOwn(ownApp)))
    const names = new Set(actions.map(({ name }) => name))
    const stale = Object.keys(limits).filter((name) => !names.has(name))
    wrong.push(
      ...stale.map((name) => `scripts/budgets.json names ${name}, which ext.config.yaml does not declare`),
    )
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

/**
 * Every action of the sample configuration loads faster than the sample on the whole SDK, by its ratio. A step of its own,
 * because it takes times: only a machine that does nothing else beside it gives a verdict.
 */
export const loadTimes: Step = {
  name: 'load times',
  run: async () => {
    await ensureBuilt()
    const sample = await bundleRival('sdk-sample/generic.js')
    const wrong = await slowIn(await declaredActions(), sample)
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

const budgetOf = (name: string): Budget | undefined => (limits as Readonly<Record<string, Budget>>)[name]

/** Whether `config/` is what `sample-config/` is: then both give the same bundles. */
async function isAsItComes(): Promise<boolean> {
  const files = await readdir(join(root, 'config'), { recursive: true, withFileTypes: true })
  const pairs = files.map(async (file) => {
    if (!file.isFile()) return true
    const own = join(file.parentPath, file.name)
    const sample = join(root, 'sample-config', relative(join(root, 'config'), own))
    const [ours, theirs] = await Promise.all([
      readFile(own, 'utf8'),
      readFile(sample, 'utf8').catch(() => undefined),
    ])
    return ours === theirs
  })
  return (await Promise.all(pairs)).every((same) => same)
}

async function brokenInOwn(app: App): Promise<string[]> {
  await ensureBuilt(app)
  const wrong: string[] = []
  for (const action of await declaredActions(app)) wrong.push(...(await brokenIn(action)))
  return wrong.map((problem) => `with config/: ${problem}`)
}

async function tooLarge(action: BuiltAction): Promise<string[]> {
  const { name, bundle } = action
  const budget = budgetOf(name)
  if (budget === undefined) return [`${name} has no budget in scripts/budgets.json`]
  const kbOf = async (file: string): Promise<number> => (await stat(file)).size / 1024
  const sizes = await Promise.all((await filesOf(action)).map(kbOf))
  const total = sizes.reduce((sum, kb) => sum + kb, 0)
  return [
    ...overBudget(`${name}: index.js has`, await kbOf(bundle), budget.maxBundleKb),
    ...overBudget(`${name}: its files have`, total, budget.maxTotalKb),
  ]
}

const overBudget = (what: string, kb: number, most: number): string[] =>
  kb > most ? [`${what} ${kb.toFixed(0)} KB, more than ${most}`] : []

async function brokenIn(action: BuiltAction): Promise<string[]> {
  const { name, bundle } = action
  const wrong: string[] = []
  for (const file of await filesOf(action)) {
    // Node takes such a file for an ES module, and require() then answers an empty object.
    if ((await readFile(file, 'utf8')).includes('import.meta')) {
      wrong.push(`${name}: import.meta is left in ${basename(file)}`)
    }
  }
  const { exports, stateLoaded } = await loadFresh(bundle)
  if (!exports.includes('main')) wrong.push(`${name}: the bundle exports no main`)
  if (stateLoaded) wrong.push(`${name}: aio-lib-state is evaluated when the bundle is loaded`)

  return wrong
}

/** Actions that load too slowly, all of them held against the same loads of the sample. */
async function slowIn(actions: readonly BuiltAction[], baseline: string): Promise<string[]> {
  const [others = [], ...ours] = await loadInTurn([baseline, ...actions.map(({ bundle }) => bundle)], rounds)
  return actions.flatMap(({ name }, index) => {
    const own = ours[index] ?? []
    // Round by round: a machine is fast for a while and slow for a while, and a round is over within a second or two.
    const ratios = own.map(({ loadMs }, round) => (others[round]?.loadMs ?? Number.NaN) / loadMs)
    const { minLoadRatio = 0 } = budgetOf(name) ?? {}
    if (median(ratios) >= minLoadRatio) return []
    const ratio = median(ratios).toFixed(2)
    const figures = [own, others]
      .map((samples) => `${median(samples.map(({ loadMs }) => loadMs)).toFixed(1)} ms`)
      .join(' against ')
    return [`${name}: loads ${ratio} times faster than the whole SDK, less than ${minLoadRatio} (${figures})`]
  })
}
