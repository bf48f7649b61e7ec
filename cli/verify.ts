import { flows } from '../src/app/recorded-work'
import { removeOrphan, verify } from '../src/app/verify'
import { toBridgeError } from '../src/core/errors'
import type { FlowContext } from '../src/flows/event-flow'
import type { Verification, VerifiedFile, VerifyScope } from '../src/flows/export/verify-destination'
import { perform } from '../src/flows/perform'
import { publishedEventOf } from './do-now'
import type { Environment } from './environment'
import type { Interaction, Program, Run } from './host'
import { damRoot, folderOf } from './library-options'
import { itemOf } from './outcome-item'
import { type CommandResult, examples } from './output'
import { failedItem, type Item } from './selection'
import { shownRecord } from './shown-record'

type Options = { folder: string; repair?: true | undefined; removeOrphans?: true | undefined }

export function addVerify(program: Program, run: Run): void {
  program
    .command('verify')
    .description('compare a destination with AEM: which due files are there, missing, stale or too many')
    .argument('<destination>', 'its name in config/destinations.ts')
    .option('--folder <path>', 'only the assets below this folder', folderOf, damRoot)
    .option('--repair', 'export what is missing or stale')
    .option('--remove-orphans', 'remove what was exported for an asset that is no longer due')
    .addHelpText(
      'after',
      examples(
        'verify folder',
        'verify s3 --folder /content/dam/shop --repair',
        'verify s3 --remove-orphans --yes',
      ),
    )
    .action((name, options) => {
      const destroys = options.removeOrphans
        ? `removes from ${name} what was exported for assets that are no longer due`
        : undefined
      return run(
        (environment, interaction) => verifyAndMend(name.toLowerCase(), options, environment, interaction),
        { destroys },
      )
    })
}

/** What was done about a file. */
type Mended = Item & { act: 'repair' | 'remove' }

async function verifyAndMend(
  name: string,
  { folder, repair, removeOrphans }: Options,
  environment: Environment,
  { progress }: Interaction,
): Promise<CommandResult> {
  const contextOf = () => ({
    ...environment,
    call: environment.call(),
    action: 'export-asset',
    isReplay: true,
  })
  const scope: VerifyScope = { name, folder, now: environment.clock.now() }
  const tools = { call: () => environment.call(), progress }
  const found = await verify(scope, tools, contextOf())
  const mended: Mended[] = []
  if (repair) {
    const assets = new Map([...found.missing, ...found.stale].map((file) => [file.assetId ?? file.key, file]))
    for (const file of assets.values()) {
      progress(`${mended.length} of ${assets.size} assets exported`)
      mended.push({ ...(await exported(file, name, environment, contextOf())), act: 'repair' })
    }
  }
  if (removeOrphans) {
    for (const [index, file] of found.orphaned.entries()) {
      progress(`${index} of ${found.orphaned.length} files removed`)
      mended.push({ ...(await removed(file, scope, contextOf())), act: 'remove' })
    }
  }
  return resultOf(found, mended, { name, isMending: { repair, removeOrphans }, environment })
}

async function exported(
  { key, path, assetId, origin }: VerifiedFile,
  destination: string,
  environment: Environment,
  context: FlowContext,
): Promise<Item> {
  const host = origin === undefined ? null : new URL(origin).host
  const event = publishedEventOf({ id: assetId, path, host }, environment)
  return itemOf(path ?? key, await perform({ action: 'export-asset', event, destination }, flows, context))
}

async function removed(file: VerifiedFile, scope: VerifyScope, context: FlowContext): Promise<Item> {
  try {
    const isRemoved = await removeOrphan(file, scope, context)
    const outcome = isRemoved ? 'removed' : 'kept'
    const message = isRemoved ? 'no asset needs it' : 'an asset needs it by now'
    return { id: file.key, ok: true, outcome, message }
  } catch (thrown) {
    context.call.signal.throwIfAborted()
    const { code, message } = toBridgeError(thrown)
    return failedItem(file.key, `${code}: ${message}`)
  }
}

const lists = ['missing', 'stale', 'orphaned'] as const

function resultOf(
  found: Verification,
  mended: readonly Mended[],
  {
    name,
    isMending: { repair, removeOrphans },
    environment,
  }: { name: string; isMending: Omit<Options, 'folder'>; environment: Environment },
): CommandResult {
  const { checked, inStep, unknown } = found
  const problems = found.problems.map(({ path, error: { code, message } }) => ({ path, code, message }))
  const failures = mended.filter(({ ok }) => !ok).map(({ id, message }) => ({ id, message }))
  const data = {
    checked,
    inStep,
    ...Object.fromEntries(lists.map((list) => [list, found[list].map(({ key, path }) => ({ key, path }))])),
    ...(unknown.length === 0 ? {} : { unknown }),
    ...(problems.length === 0 ? {} : { problems }),
    ...(repair ? { repaired: mended.filter(({ act, ok }) => act === 'repair' && ok).length } : {}),
    ...(removeOrphans ? { removed: mended.filter(({ outcome }) => outcome === 'removed').length } : {}),
    ...(failures.length === 0 ? {} : { failures }),
  }
  const isOpen =
    (!repair && found.missing.length + found.stale.length > 0) ||
    (!removeOrphans && found.orphaned.length > 0) ||
    unknown.includes('missing') ||
    problems.length + failures.length > 0
  const acts = [
    ...(repair ? [`${mended.filter(({ act, ok }) => act === 'repair' && ok).length} assets exported`] : []),
    ...(removeOrphans
      ? [`${mended.filter(({ outcome }) => outcome === 'removed').length} files removed`]
      : []),
  ]
  const counts = lists.map((list) => `${found[list].length} ${unknown.includes(list) ? 'unknown' : list}`)
  const lines = [
    ...lists.flatMap((list) => found[list].map(({ key, path }) => `${list}  ${key}  ${path ?? ''}`.trim())),
    ...unknown.map((list) => `unknown  ${name} cannot tell what is ${list}`),
    ...problems.map(({ path, code, message }) => `problem  ${path}  ${code}: ${message}`),
    ...mended.map(({ id, outcome, message }) => `${outcome}  ${id}  ${message}`),
    `${checked} files are due at ${name}: ${inStep} in step, ${counts.join(', ')}`,
    ...(acts.length === 0 ? [] : [`since then: ${acts.join(', ')}`]),
  ]
  return {
    data: shownRecord(data, environment),
    lines: lines.map((line) => environment.redactor.text(line)),
    failed: isOpen,
  }
}
