/** `npm run sandbox`: the stand-ins and the built actions, left running until Ctrl-C. */
import { parseArgs } from 'node:util'
import { buildActions, checkDependencies, projectRoot, SetupError } from './build'
import { encodePath, startFrontDoor } from './front-door'
import { findTakenPort } from './ports'
import { createPaint } from './print'
import type { ActionSpec } from './runtime/runtime'
import { type Sandbox, startSandbox } from './sandbox'

const DEFAULT_PORT = 9870
const SAMPLE = '/content/dam/shop/garden chair.jpg'
const FILM = '/content/dam/shop/garden film.mp4'
const paint = createPaint(process.stdout.isTTY === true)

const readPort = (): number => {
  let text: string | undefined
  try {
    text = parseArgs({ options: { port: { type: 'string' } } }).values.port
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SetupError(`${reason}\nUsage: npm run sandbox [-- --port <first of seven ports>]`)
  }
  const port = text === undefined ? DEFAULT_PORT : Number(text)
  if (Number.isInteger(port) && port >= 1024 && port <= 65_529) return port
  throw new SetupError(`--port ${text} is not possible: it must be a whole number from 1024 to 65529`)
}

/** Before the build, so that nobody waits for it in vain. */
const checkPorts = async (port: number): Promise<void> => {
  const taken = await findTakenPort([0, 1, 2, 3, 4, 5, 6].map((it) => port + it))
  if (taken === undefined) return
  const advice = 'Stop what uses it, or choose seven others: npm run sandbox -- --port 9900'
  throw new SetupError(`Port ${taken} is in use. ${advice}`)
}

const MARKER = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX'

const printLog = (action: string, text: string): void => {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && line !== MARKER)
  for (const line of lines) console.log(paint.dim(`${action}: ${line}`))
}

const start = async (actions: Record<string, ActionSpec>, port: number): Promise<Sandbox> => {
  const sandbox = await startSandbox({
    actions,
    receiver: 'generic',
    ports: {
      ims: port + 1,
      aem: port + 2,
      state: port + 3,
      pim: port + 4,
      blobs: port + 5,
      runtime: port + 6,
    },
    onLog: printLog,
  })
  const door = await startFrontDoor({
    sandbox,
    port,
    exporter: 'export-asset',
    onDelivery: (event, answer) =>
      console.log(`${String(event.type)} answered ${answer.status}: ${answer.body ?? ''}`),
  }).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  const stop = async (): Promise<void> => {
    await door.close()
    await sandbox.close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
  return sandbox
}

const explain = (sandbox: Sandbox, port: number): void => {
  const { ims, aem, state, pim, runtime, folder } = sandbox
  const door = `http://127.0.0.1:${port}`
  const path = encodePath(SAMPLE)
  console.log(`${paint.bold('The sandbox is running.')} Ctrl-C ends it.\n`)
  console.log(
    `IMS ${ims.url}\nAEM ${aem.url}\nState ${state.url}\nI/O Runtime ${runtime.api.url}\n` +
      `PIM ${pim.url} (X-Api-Key: ${pim.apiKey})\nDestination folder: ${folder.root}\n`,
  )
  console.log('Upload an asset; AEM fires its event:')
  console.log(`  curl -s -X POST '${door}/upload?path=${path}'\n`)
  console.log('See its metadata now:')
  console.log(`  curl -s '${door}/assets?path=${path}'\n`)
  console.log('Publish it; it arrives in the folder, for its metadata asks for that:')
  console.log(`  curl -s -X POST '${door}/publish?path=${path}'`)
  console.log(`  curl -s '${door}/exported'\n`)
  console.log('A large one, handed over to export-worker:')
  console.log(`  curl -s -X POST '${door}/upload?path=${encodePath(FILM)}&mib=300'`)
  console.log(`  curl -s -X POST '${door}/publish?path=${encodePath(FILM)}'\n`)
  console.log('Deliver an event as I/O Events would (here: the one of that asset, once more):')
  console.log(`  curl -s '${door}/event?path=${path}' | curl -s -X POST '${door}/events' -d @-\n`)
  console.log('Ask the PIM:')
  console.log(`  curl -s -H 'X-Api-Key: ${pim.apiKey}' '${pim.url}/products/MockSKU%20123'\n`)
}

const main = async (): Promise<void> => {
  const port = readPort()
  checkDependencies(projectRoot)
  await checkPorts(port)
  const actions = await buildActions((line) => console.log(paint.dim(line)))
  const sandbox = await start(actions, port)
  sandbox.pim.setProduct('MockSKU 123')
  explain(sandbox, port)
}

main().catch((error: unknown) => {
  console.error(error instanceof SetupError ? paint.red(error.message) : error)
  process.exitCode = 1
})
