import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../json'
import { type Ending, initEnding, runEnding } from './activation'
import { unpack } from './bundle'
import type { Container, LogLine } from './container'
import { createPool } from './pool'

/** One deployed action. */
export type ActionSpec = {
  /** A folder with an index.js that exports `main`, or one such file. */
  bundle: string
  /** Default inputs; parameters of the same name win. */
  inputs?: JsonObject
  /** Activations that share one container, 1 to 500; 200 as in I/O Runtime. */
  concurrency?: number
  /** Time limit in ms; 60 s as in I/O Runtime. */
  timeoutMs?: number
  /** Memory limit in MB; 256 as in I/O Runtime. */
  memoryMb?: number
  /** The annotation `provide-api-key`: gives `__OW_API_KEY`. */
  provideApiKey?: boolean
  /** The annotation `final`: the API refuses parameters that name an input of the action. */
  final?: boolean
  /** `web: raw`: served on the web, with each request as it came. */
  rawWeb?: boolean
}

/** The identity and host of the containers. */
export type Surroundings = {
  namespace: string
  /** The Runtime key, `<id>:<secret>`. */
  auth: string
  /** The package that all actions stand in. */
  packageName: string
  /** `__OW_API_HOST`. */
  apiHost: string
  /** Further environment of every container. */
  env: Record<string, string>
  /** Containers of one action at a time; further activations wait. */
  maxContainers: number
  /** Hears what containers write, as they write it. */
  onLog: (action: string, text: string) => void
}

/** How one run in a container went. Times are in ms. */
export type Run = {
  ending: Ending
  cold: boolean
  startMs: number
  durationMs: number
  /** What its container wrote meanwhile: also of activations beside it. */
  lines: readonly LogLine[]
}

/** An action with its containers. */
export type Deployed = {
  spec: ActionSpec
  /** `/namespace/package/action`. */
  fullName: string
  timeoutMs: number
  logs: string[]
  coldStarts(): number
  run(activationId: string, value: JsonObject, timeoutMs: number): Promise<Run>
  /** SIGKILL to its containers, with whatever runs in them. */
  destroyAll(): Promise<void>
  remove(): Promise<void>
}

/** A new activation id, as OpenWhisk makes them. */
export const newActivationId = (): string => randomBytes(16).toString('hex')

/** Unpacks an action; its containers start with its activations. Throws when there is no bundle. */
export const deploy = async (name: string, spec: ActionSpec, around: Surroundings): Promise<Deployed> => {
  const { timeoutMs = 60_000, concurrency = 200, memoryMb = 256 } = spec
  const { namespace, auth, packageName, maxContainers } = around
  const fullName = `/${namespace}/${packageName}/${name}`
  const unpacked = await unpack(spec.bundle)
  const logs: string[] = []

  const messageOf = (activationId: string, limitMs: number) => ({
    namespace,
    action_name: fullName,
    action_version: '0.0.1',
    activation_id: activationId,
    transaction_id: randomBytes(16).toString('hex'),
    // the container reads real time, whatever the sandbox clock says
    deadline: `${Date.now() + limitMs}`,
    ...(spec.provideApiKey ? { api_key: auth } : {}),
  })

  const init = (container: Container) => {
    const message = messageOf(newActivationId(), timeoutMs)
    const entries = Object.entries(message).map(([key, value]) => [`__OW_${key.toUpperCase()}`, value])
    const code = { name, main: 'main', binary: true, code: unpacked.folder, env: Object.fromEntries(entries) }
    return container.post('/init', { value: code }, timeoutMs)
  }

  const pool = createPool({
    concurrency,
    maxContainers,
    memoryMb,
    env: {
      ...around.env,
      __OW_API_HOST: around.apiHost,
      ...(concurrency > 1 ? { __OW_ALLOW_CONCURRENT: 'true' } : {}),
    },
    init,
    log: (text) => {
      logs.push(text)
      around.onLog(name, text)
    },
  })

  return {
    spec,
    fullName,
    timeoutMs,
    logs,
    coldStarts: pool.coldStarts,
    run: async (activationId, value, limitMs) => {
      const { container, cold, startMs, initialized, release, destroy } = await pool.acquire()
      const begin = performance.now()
      const before = container.lines.length
      let ending = initEnding(await initialized, timeoutMs)
      if (ending === undefined) {
        const message = { ...messageOf(activationId, limitMs), value }
        ending = runEnding(await container.post('/run', message, limitMs), limitMs)
      }
      const durationMs = performance.now() - begin
      await container.logsSettled()
      if (ending.kind === 'developer error') await destroy()
      else release()
      return { ending, cold, startMs, durationMs, lines: container.lines.slice(before) }
    },
    destroyAll: pool.destroyAll,
    remove: async () => {
      await pool.close()
      await unpacked.remove()
    },
  }
}
