import { randomBytes } from 'node:crypto'
import type { JsonObject, JsonValue } from '../json'
import { type Ending, initEnding, MAX_BYTES, runEnding } from './activation'
import { type UnpackedBundle, unpack } from './bundle'
import type { Container } from './container'
import { createPool, type Pool } from './pool'

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
}

/** What is deployed, and as whom. */
export type RuntimeOptions = {
  actions: Record<string, ActionSpec>
  namespace?: string
  /** The Runtime key, `<id>:<secret>`. */
  auth?: string
  /** Further environment of every container. */
  env?: Record<string, string>
  /** `__OW_API_HOST`. */
  apiHost?: string
  /** Containers of one action at a time; further activations wait. */
  maxContainers?: number
}

/** The record of one activation. Times are in ms. */
export type Activation = {
  activationId: string
  action: string
  ok: boolean
  kind: Ending['kind']
  /** What the action returned, when `ok`. */
  result?: JsonValue
  /** The content of `error`, when not `ok`. */
  error?: JsonValue
  /** True when a container had to be started. */
  cold: boolean
  /** Until the new container listened; 0 when warm. */
  startMs: number
  /** Loading (when cold) and running, as OpenWhisk counts it. */
  durationMs: number
}

/** The I/O Runtime stand-in. */
export type RuntimeStandIn = {
  /**
   * A blocking invocation. Throws on an unknown action and on parameters over 1 MB, as the API refuses those.
   */
  invoke(action: string, params?: JsonObject, options?: { timeoutMs?: number }): Promise<Activation>
  /** Everything that the action's containers wrote to stdout and stderr so far, markers included. */
  logs(action: string): string
  coldStarts(action: string): number
  /** SIGKILL to the action's containers, with whatever runs in them. */
  kill(action: string): Promise<void>
  /** Drops the warm containers of one action, or of all: the next activation is a cold start. */
  reset(action?: string): Promise<void>
  close(): Promise<void>
}

type Deployed = { spec: ActionSpec; unpacked: UnpackedBundle; pool: Pool; timeoutMs: number; logs: string[] }

/**
 * Starts the stand-in: each container is a process of its own that behaves as Apache OpenWhisk's Node runtime
 * does; every developer error destroys its container, with all activations in it.
 */
export const startRuntime = async (options: RuntimeOptions): Promise<RuntimeStandIn> => {
  const {
    namespace = '12345-assetbridge-stage',
    auth = 'runtime-id:runtime-secret',
    maxContainers = 4,
  } = options
  const deployed = new Map<string, Deployed>()

  const messageOf = (name: string, spec: ActionSpec, activationId: string, timeoutMs: number) => ({
    namespace,
    action_name: `/${namespace}/asset-bridge/${name}`,
    action_version: '0.0.1',
    activation_id: activationId,
    transaction_id: randomBytes(16).toString('hex'),
    // the container reads real time, whatever the sandbox clock says
    deadline: `${Date.now() + timeoutMs}`,
    ...(spec.provideApiKey ? { api_key: auth } : {}),
  })

  const deploy = async (name: string, spec: ActionSpec): Promise<Deployed> => {
    const { timeoutMs = 60_000, concurrency = 200, memoryMb = 256 } = spec
    const unpacked = await unpack(spec.bundle)
    const logs: string[] = []
    const init = (container: Container) => {
      const message = messageOf(name, spec, randomBytes(16).toString('hex'), timeoutMs)
      const entries = Object.entries(message).map(([key, value]) => [`__OW_${key.toUpperCase()}`, value])
      const value = {
        name,
        main: 'main',
        binary: true,
        code: unpacked.folder,
        env: Object.fromEntries(entries),
      }
      return container.post('/init', { value }, timeoutMs)
    }
    const env = {
      ...options.env,
      __OW_API_HOST: options.apiHost ?? 'http://127.0.0.1:1',
      ...(concurrency > 1 ? { __OW_ALLOW_CONCURRENT: 'true' } : {}),
    }
    const log = (text: string): void => {
      logs.push(text)
    }
    const pool = createPool({ concurrency, maxContainers, memoryMb, env, init, log })
    return { spec, unpacked, pool, timeoutMs, logs }
  }

  const find = (name: string): Deployed => {
    const found = deployed.get(name)
    if (found === undefined) throw new Error(`404: there is no action ${name} in the runtime stand-in`)
    return found
  }

  const invoke: RuntimeStandIn['invoke'] = async (name, params = {}, { timeoutMs: limit } = {}) => {
    const { spec, pool, timeoutMs: own } = find(name)
    const timeoutMs = limit ?? own
    const value = { ...spec.inputs, ...params }
    if (Buffer.byteLength(JSON.stringify(value)) > MAX_BYTES)
      throw new Error('413: the parameters exceed 1 MB')
    const activationId = randomBytes(16).toString('hex')
    const { container, cold, startMs, initialized, release, destroy } = await pool.acquire()
    const begin = performance.now()
    let ending = initEnding(await initialized, own)
    if (ending === undefined) {
      const message = { ...messageOf(name, spec, activationId, timeoutMs), value }
      ending = runEnding(await container.post('/run', message, timeoutMs), timeoutMs)
    }
    const durationMs = performance.now() - begin
    await container.logsSettled()
    if (ending.kind === 'developer error') await destroy()
    else release()
    return { activationId, action: name, ok: ending.kind === 'success', ...ending, cold, startMs, durationMs }
  }

  try {
    for (const [name, spec] of Object.entries(options.actions)) deployed.set(name, await deploy(name, spec))
  } catch (error) {
    await Promise.all([...deployed.values()].map(({ unpacked }) => unpacked.remove()))
    throw error
  }

  return {
    invoke,
    logs: (name) => find(name).logs.join(''),
    coldStarts: (name) => find(name).pool.coldStarts(),
    kill: (name) => find(name).pool.destroyAll(),
    reset: async (name) => {
      const chosen = name === undefined ? [...deployed.values()] : [find(name)]
      await Promise.all(chosen.map(({ pool }) => pool.destroyAll()))
    },
    close: async () => {
      await Promise.all(
        [...deployed.values()].map(async ({ pool, unpacked }) => {
          await pool.destroyAll()
          await unpacked.remove()
        }),
      )
      deployed.clear()
    },
  }
}
