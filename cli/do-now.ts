import { randomUUID } from 'node:crypto'
import { type Explained, type ExplainedAsset, explainAsset, type NamedAsset } from '../src/app/explain'
import { flows } from '../src/app/recorded-work'
import { toBridgeError } from '../src/core/errors'
import { perform } from '../src/flows/perform'
import { enrichmentLines } from './asset'
import type { Environment } from './environment'
import type { Interaction, Program, Run } from './host'
import { namedAssets } from './named-asset'
import { itemOf } from './outcome-item'
import { type CommandResult, examples } from './output'
import { failedItem, type Item, summaryOf } from './selection'
import { shownRecord } from './shown-record'

/** What is done to an asset now: by the flow that the event of that type takes. */
type Task = {
  action: 'generic' | 'export-asset'
  type: string
  about: Explained
  /** What a dry run says; why nothing is to be done, or `failed`, among it. */
  look(asset: ExplainedAsset): Look
}

type Look = { outcome: string; message: string; details: object; lines: readonly string[] }
type Options = { dryRun?: true | undefined; host?: string | undefined }

export function addDoNow(program: Program, run: Run): void {
  const commands = [
    { name: 'enrich', description: 'write the facts of the PIM to assets now', task: enrich },
    { name: 'export', description: 'copy published assets to their destinations now', task: exporting },
  ]
  for (const { name, description, task } of commands) {
    program
      .command(name)
      .description(description)
      .argument('<path...>', 'such as /content/dam/shop/lamp.png, or urn:aaid:aem:...', namedAssets)
      .option('--dry-run', 'tell what would be done, and write nothing')
      .option(
        '--host <host>',
        'of the author, one of AEM_AUTHOR_URLS; without it, the first that has the asset',
      )
      .addHelpText('after', examples(`${name} /content/dam/shop/lamp.png --dry-run`))
      .action((assets, options) =>
        run((environment, interaction) => doAll(assets, task, options, environment, interaction)),
      )
  }
}

const enrich: Task = {
  action: 'generic',
  type: 'aem.assets.asset.processing_completed',
  about: 'enrichment',
  look({ enrichment }) {
    const { skipped, changes, told = [] } = enrichment
    const changed = changes.filter(({ action }) => action !== 'keep').map(({ property }) => property)
    const lines = enrichmentLines(enrichment)
    const toTell = told.flatMap(({ action, product, attribute }) =>
      action === 'tell' ? [`${attribute} of ${product}`] : [],
    )
    const details = {
      match: enrichment.match,
      changes,
      ...(enrichment.told === undefined ? {} : { told }),
    }
    if (skipped !== undefined) return { outcome: 'skipped', message: skipped, details, lines }
    if (changed.length + toTell.length === 0)
      return { outcome: 'unchanged', message: 'metadata is up to date', details, lines }
    const parts = [
      ...(changed.length === 0 ? [] : [`would write ${changed.join(', ')}`]),
      ...(toTell.length === 0 ? [] : [`would tell the PIM ${toTell.join(', ')}`]),
    ]
    return { outcome: 'would-update', message: parts.join('; '), details, lines }
  },
}

const exporting: Task = {
  action: 'export-asset',
  type: 'aem.assets.asset.published',
  about: 'destinations',
  look({ destinations }) {
    const details = { destinations }
    const due = destinations.filter((one) => one.due)
    const lines = destinations.map(({ name, state, key, why }) => `${name}  ${state}  ${key ?? ''}  (${why})`)
    if (due.length === 0) {
      const [one] = destinations.filter(({ why }) => !why.startsWith('exportDestination does not'))
      const message = one?.why ?? 'exportDestination names no destination'
      return { outcome: 'skipped', message, details, lines }
    }
    const toDo = due.filter(({ state }) => state !== 'in-step').map(({ name }) => name)
    return toDo.length === 0
      ? { outcome: 'unchanged', message: 'each destination holds this version', details, lines }
      : { outcome: 'would-export', message: `would store it at ${toDo.join(', ')}`, details, lines }
  },
}

type Done = { item: Item; details: object; lines: readonly string[] }

async function doAll(
  assets: readonly NamedAsset[],
  task: Task,
  options: Options,
  environment: Environment,
  { progress }: Interaction,
): Promise<CommandResult> {
  const all: Done[] = []
  for (const asset of assets) {
    progress(`${all.length} of ${assets.length} assets`)
    all.push(await doOne({ ...asset, host: options.host }, task, options, environment))
  }
  const items = all.map(({ item }) => item)
  const { redactor } = environment
  const lines = all.flatMap(({ item: { id, outcome, message }, lines }) => [
    `${id}  ${outcome}  ${message}`,
    ...lines.map((line) => `    ${line}`),
  ])
  return {
    data: shownRecord(
      all.map(({ item, details }) => ({ ...item, ...details })),
      environment,
    ),
    lines: [...lines, ...summaryOf(items, 'assets')].map((line) => redactor.text(line)),
    failed: items.some(({ ok }) => !ok),
  }
}

/** Looks first, in a real run too: an export is only of what is published, and no event of AEM's says that it is. */
async function doOne(
  named: NamedAsset,
  { action, type, about, look }: Task,
  { dryRun }: Options,
  environment: Environment,
): Promise<Done> {
  const id = named.path ?? named.id ?? ''
  const context = { ...environment, call: environment.call(), action, isReplay: true }
  const nothing = { details: {}, lines: [] }
  try {
    const explained = await explainAsset(named, context, [about])
    const { asset } = explained
    // Found, it goes through the flow, which fails in the way it fails with an event.
    const [problem] = dryRun || asset.host === null ? explained.problems : []
    if (problem !== undefined)
      return { item: failedItem(id, `${problem.code}: ${problem.message}`), ...nothing }
    const { outcome, message, details, lines } = look(explained)
    if (dryRun) return { item: { id, ok: true, outcome, message }, details, lines }
    if (outcome === 'skipped') return { item: { id, ok: true, outcome, message }, ...nothing }
    const event = eventOf(asset, type, environment)
    return { item: itemOf(id, await perform({ action, event }, flows, context)), ...nothing }
  } catch (thrown) {
    const { code, message } = toBridgeError(thrown)
    return { item: failedItem(id, `${code}: ${message}`), ...nothing }
  }
}

/** An event that tells of a publication, for what AEM says is published. */
export const publishedEventOf = (asset: ExplainedAsset['asset'], environment: Environment): object =>
  eventOf(asset, exporting.type, environment)

/** What the flow reads of an event. */
function eventOf({ id, path, host }: ExplainedAsset['asset'], type: string, { clock }: Environment): object {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: 'bridge',
    type,
    time: new Date(clock.now()).toISOString(),
    data: {
      assetId: id,
      tier: 'publish',
      repositoryMetadata: { 'repo:path': path, 'repo:repositoryId': host, 'repo:assetClass': 'file' },
    },
  }
}
