/** `npm run sandbox`: the stand-ins and the built actions, left running until Ctrl-C; or a burst, played to its end. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import {
  buildActions,
  type Configured,
  checkDependencies,
  inputNames,
  projectRoot,
  SetupError,
} from './build'
import { runDemo } from './demo'
import { burst } from './demo/burst'
import { encodePath, startFrontDoor } from './front-door'
import { type OwnInputs, readOwnInputs } from './own-inputs'
import { findTakenPort } from './ports'
import { createPaint } from './print'
import { createScreen } from './progress'
import { MARKER } from './runtime/container'
import type { ActionSpec } from './runtime/runtime'
import { type Sandbox, STATUS_TOKEN, startSandbox } from './sandbox'
import { explainNew } from './say-new'
import { type Workspace, workspaces } from './workspace'

const DEFAULT_PORT = 9870
const SAMPLE = '/content/dam/shop/garden chair.jpg'
const SKU = 'MockSKU 123'
const FILM = '/content/dam/shop/garden film.mp4'
const paint = createPaint(process.stdout.isTTY === true)

const MOST_AT_ONCE = 10_000
const MOST_ASSETS = 1_000_000

type Arguments = {
  port: number
  burst: number | undefined
  assets: number | undefined
  env: string | undefined
  config: Configured
  /** Nothing is deployed to it, and nothing is registered. */
  workspace: Workspace | undefined
}

const readArguments = (): Arguments => {
  const text = { type: 'string' } as const
  const read = () =>
    parseArgs({
      options: { port: text, burst: text, assets: text, env: text, config: text, workspace: text },
    }).values
  let given: ReturnType<typeof read>
  try {
    given = read()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SetupError(
      `${reason}\nUsage: npm run sandbox [-- --port <first of ten ports> --assets <number of assets> --env <file> --config config | -- --workspace stage | -- --burst <number of assets>]`,
    )
  }
  const whole = (name: 'port' | 'burst' | 'assets', usual: number, least: number, most: number): number => {
    const value = Number(given[name] ?? usual)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new SetupError(
      `--${name} ${given[name]} is not possible: it must be a whole number from ${least} to ${most}`,
    )
  }
  const config = (given.config ?? 'sample-config').replace(/^\.\/|\/$/g, '')
  if (config !== 'config' && config !== 'sample-config') {
    throw new SetupError(`--config ${given.config} is not possible: it must be config or sample-config`)
  }
  if (given.burst !== undefined && (given.env ?? given.config ?? given.assets) !== undefined) {
    throw new SetupError(
      '--burst plays a scene with the sample configuration: it takes no --env and no --config, and no --assets',
    )
  }
  if (given.workspace !== undefined && (given.env ?? given.config ?? given.burst) !== undefined) {
    throw new SetupError('--workspace starts with nothing deployed: it takes no --env, --config and --burst')
  }
  const workspace =
    given.workspace === undefined
      ? undefined
      : Object.entries(workspaces).find(([name]) => name === given.workspace)?.[1]
  if (given.workspace !== undefined && workspace === undefined) {
    throw new SetupError(
      `--workspace ${given.workspace} is not possible: it must be ${Object.keys(workspaces).join(' or ')}`,
    )
  }
  return {
    port: whole('port', DEFAULT_PORT, 1024, 65_526),
    burst: given.burst === undefined ? undefined : whole('burst', 0, 1, MOST_AT_ONCE),
    assets: given.assets === undefined ? undefined : whole('assets', 0, 1, MOST_ASSETS),
    env: given.env,
    config,
    workspace,
  }
}

const readOwn = async (file: string | undefined, config: Configured): Promise<OwnInputs> => {
  if (file === undefined) return { taken: {}, kept: [] }
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    throw new SetupError(`--env ${file} cannot be read. cp .env.example .env makes one to fill in.`)
  }
  return readOwnInputs(text, await inputNames(config))
}

/** Checked before the build, so that a failure is reported at once. */
const checkPorts = async (port: number): Promise<void> => {
  const taken = await findTakenPort([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((it) => port + it))
  if (taken === undefined) return
  const advice = 'Stop what uses it, or choose ten others: npm run sandbox -- --port 9900'
  throw new SetupError(`Port ${taken} is in use. ${advice}`)
}

const printLog = (action: string, text: string): void => {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && line !== MARKER)
  for (const line of lines) console.log(paint.dim(`${action}: ${line}`))
}

type Start = Pick<Arguments, 'port' | 'assets' | 'workspace'> & {
  actions: Record<string, ActionSpec>
  ownInputs: Record<string, string>
}

const start = async ({ actions, port, assets, ownInputs, workspace }: Start): Promise<Sandbox> => {
  const sandbox = await startSandbox({
    actions,
    ...(assets === undefined ? {} : { aem: { assets } }),
    ownInputs,
    ...(workspace === undefined ? {} : { workspace, registered: false }),
    receiver: 'generic',
    subscribed: false,
    ports: {
      ims: port + 1,
      aem: port + 2,
      state: port + 3,
      pim: port + 4,
      blobs: port + 5,
      runtime: port + 6,
      journal: port + 7,
      akeneo: port + 8,
      eventPlatform: port + 9,
    },
    onLog: printLog,
  })
  const door = await startFrontDoor({
    sandbox,
    port,
    exporter: 'export-asset',
    batch: 'export-batch',
    isNew: workspace !== undefined,
    onDelivery: (event, answer) =>
      console.log(`${String(event.type)} answered ${answer.status}: ${answer.body ?? ''}`),
  }).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  // what was not taken comes again after minutes
  const ticking = setInterval(() => void sandbox.pimEvents.delivery.deliverDue(), EVERY_MS)
  const stop = async (): Promise<void> => {
    clearInterval(ticking)
    await door.close()
    await sandbox.close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
  return sandbox
}

/** Gives Akeneo the product that the mock knows. */
const stockAkeneo = ({ akeneo: { catalogue } }: Sandbox): void => {
  catalogue.setAttribute({ code: 'SupplierName', type: 'pim_catalog_text' })
  catalogue.setProduct(SKU, {
    values: { SupplierName: [{ locale: null, scope: null, data: 'mock-supplier' }] },
  })
}

const EVERY_MS = 1000

const explain = (sandbox: Sandbox, port: number): void => {
  const { ims, aem, state, pim, akeneo, pimEvents, runtime, folder, journal } = sandbox
  const door = `http://127.0.0.1:${port}`
  const path = encodePath(SAMPLE)
  console.log(`${paint.bold('The sandbox is running.')} Ctrl-C ends it.\n`)
  console.log(
    `IMS ${ims.url}\nAEM ${aem.url}\nState ${state.url}\nI/O Runtime ${runtime.api.url}\n` +
      `PIM ${pim.url} (X-Api-Key: ${pim.apiKey})\nAkeneo ${akeneo.url}, its Event Platform ${pimEvents.platform.apiUrl}\nJournal ${journal.journalUrl}\n` +
      `Destination folder: ${folder.root}\n`,
  )
  console.log('Upload an asset; AEM fires its event:')
  console.log(`  curl -s -X POST '${door}/upload?path=${path}'\n`)
  console.log('See its metadata now:')
  console.log(`  curl -s '${door}/assets?path=${path}'\n`)
  console.log('Let npm run bridge work on this sandbox, and subscribe to what happens in Akeneo:')
  console.log(`  eval "$(curl -s ${door}/env)"`)
  console.log(
    `  npm run bridge -- akeneo subscribe --email you@example.com --url ${runtime.webUrl('pim-events')}\n`,
  )
  console.log('Change the product in Akeneo; the event arrives, and the metadata follows:')
  console.log(
    `  curl -s -X POST '${door}/product?sku=${encodeURIComponent(SKU)}&SupplierName=Garden%20Works'`,
  )
  console.log(`  curl -s '${door}/assets?path=${path}'\n`)
  console.log('Publish it; it arrives in the folder, for its metadata asks for that:')
  console.log(`  curl -s -X POST '${door}/publish?path=${path}'`)
  console.log(`  curl -s '${door}/exported'\n`)
  console.log('A large one, handed over to export-worker:')
  console.log(`  curl -s -X POST '${door}/upload?path=${encodePath(FILM)}&mib=300'`)
  console.log(`  curl -s -X POST '${door}/publish?path=${encodePath(FILM)}'\n`)
  console.log('Deliver an event as I/O Events would (here: the one of that asset, once more):')
  console.log(`  curl -s '${door}/event?path=${path}' | curl -s -X POST '${door}/events' -d @-\n`)
  console.log('Publish an asset that push misses, and let the alarm find it in the journal:')
  console.log(`  curl -s -X POST '${door}/publish?path=${path}&push=no'`)
  console.log(`  curl -s -X POST '${door}/alarm'\n`)
  console.log('Ask how the app is, as a monitor would; ?format=openmetrics gives metrics:')
  console.log(`  curl -s -H 'Authorization: Bearer ${STATUS_TOKEN}' '${runtime.webUrl('status')}'\n`)
  console.log('Ask the PIM:')
  console.log(`  curl -s -H 'X-Api-Key: ${pim.apiKey}' '${pim.url}/products/${encodeURIComponent(SKU)}'\n`)
}

const explainLibrary = (assets: number): void => {
  console.log(
    `${paint.bold(`${assets.toLocaleString('en')} assets`)} are below /content/dam/library. The PIM above knows the products of nine of ten, and all but the actions around Akeneo ask it.\n`,
  )
}

const explainOwn = ({ taken, kept }: OwnInputs, file: string): void => {
  const names = (list: readonly string[]): string => (list.length === 0 ? 'nothing' : list.join(', '))
  console.log(`${paint.bold(`From ${file}`)}: ${names(Object.keys(taken))}`)
  console.log(`Not from it, for they lead to Adobe and here are the stand-ins: ${names(kept)}`)
  console.log('A PIM and destinations of it are the real ones: what is published here is written there.\n')
}

const main = async (): Promise<void> => {
  const { port, burst: count, assets, env, config, workspace } = readArguments()
  checkDependencies(projectRoot)
  if (count !== undefined) {
    const screen = createScreen(process.stdout)
    const actions = await buildActions((line) => screen.write(paint.dim(line)))
    if (!(await runDemo({ actions, scenes: [burst(count)], screen, paint }))) process.exitCode = 1
    return
  }
  const own = await readOwn(env, config)
  await checkPorts(port)
  const actions =
    workspace === undefined ? await buildActions((line) => console.log(paint.dim(line)), config) : {}
  const sandbox = await start({ actions, port, assets, ownInputs: own.taken, workspace })
  sandbox.pim.setProduct(SKU)
  stockAkeneo(sandbox)
  if (workspace === undefined) explain(sandbox, port)
  else console.log(explainNew(sandbox, { port, asset: SAMPLE, paint }))
  if (assets !== undefined) explainLibrary(assets)
  if (env !== undefined) explainOwn(own, env)
}

main().catch((error: unknown) => {
  console.error(error instanceof SetupError ? paint.red(error.message) : error)
  process.exitCode = 1
})
