import { createClock, type MovableClock } from '../clock'
import type { JsonObject, JsonValue } from '../json'
import type { Answer, RecordedRequest, SandboxServer } from '../server'
import { type Activation, MAX_BYTES, type Started } from './activation'
import { startApi } from './api'
import { type ActionSpec, type Deployed, deploy, newActivationId } from './deployment'
import { type ActivationRecord, createActivationLog } from './log'
import { WEB } from './web'

export type { ActionSpec, Activation }

/** What is deployed, and with which identity. */
export type RuntimeOptions = {
  actions: Record<string, ActionSpec>
  clock?: MovableClock
  namespace?: string
  /** The Runtime key, `<id>:<secret>`. */
  auth?: string
  packageName?: string
  /** Further environment of every container. */
  env?: Record<string, string>
  /** Containers of one action at a time; further activations wait. */
  maxContainers?: number
  /** Activations that may be submitted or running before the API says 429; 100 as in I/O Runtime. */
  maxActivations?: number
  /** How long a blocking call of the API waits, in ms; 60 s as in I/O Runtime. */
  blockingMs?: number
  /** Hears what the containers of an action write, as they write it. */
  onLog?: (action: string, text: string) => void
  /** Of the API; 0 for any free port (default). */
  port?: number
  /** Answers what is asked about the entities of namespaces, and what is deployed. None: 404. */
  platform?: (request: RecordedRequest) => Promise<Answer>
}

/** The I/O Runtime stand-in. */
export type RuntimeStandIn = {
  /** The Runtime API, which `__OW_API_HOST` of every container names, and the web actions: requests and faults of both. */
  api: SandboxServer
  /** Where an action is served on the web, if it is. */
  webUrl(action: string): string
  /**
   * A blocking invocation as a component of a sequence, which is how I/O Events calls: the annotation `final` protects no
   * input there. Throws on an unknown action and on parameters over 1 MB, as the API refuses those.
   */
  invoke(action: string, params?: JsonObject, options?: { timeoutMs?: number }): Promise<Activation>
  /**
   * Changes an input of the actions that have it, as a deployment with another `.env` does: their containers stay.
   * Returns the names of those actions.
   */
  rebind(input: string, value: JsonValue): string[]
  /** Deploys an action, new or anew. What runs of the one before goes on to its end. Throws when there is no bundle. */
  put(action: string, spec: ActionSpec): Promise<void>
  /** Takes an action away, if there is one. What runs of it goes on to its end. */
  remove(action: string): void
  /** Replaces all inputs of an action; its containers stay. Throws when there is no such action. */
  bind(action: string, inputs: JsonObject): void
  /** The names of the actions that are there. */
  actions(): string[]
  /** The records that the platform keeps, oldest first: what was invoked without blocking, and what failed. */
  activations(action?: string): ActivationRecord[]
  /** Resolves when nothing is running any more. */
  idle(): Promise<void>
  /** Everything that the action's containers wrote to stdout and stderr so far, markers included. */
  logs(action: string): string
  coldStarts(action: string): number
  /** SIGKILL to the action's containers, with whatever runs in them. */
  kill(action: string): Promise<void>
  /** Drops the warm containers of one action, or of all: the next activation is a cold start. */
  reset(action?: string): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the stand-in: each container is a process of its own that behaves as Apache OpenWhisk's Node runtime
 * does; every developer error destroys its container, with all activations in it. Its API is served on 127.0.0.1.
 */
export const startRuntime = async (options: RuntimeOptions): Promise<RuntimeStandIn> => {
  const { namespace = '12345-assetbridge-stage', auth = 'runtime-id:runtime-secret' } = options
  const { clock = createClock(), packageName = 'asset-bridge', maxContainers = 4, env = {} } = options
  const onLog = options.onLog ?? ((): void => undefined)
  const deployed = new Map<string, Deployed>()
  const log = createActivationLog({ clock, namespace })
  const running = new Set<Promise<unknown>>()
  /** Those that were replaced while something of them ran. */
  const retired = new Set<Deployed>()

  const find = (name: string): Deployed => {
    const found = deployed.get(name)
    if (found === undefined) throw new Error(`404: there is no action ${name} in the runtime stand-in`)
    return found
  }

  const start = (
    name: string,
    params: JsonObject,
    { timeoutMs, blocking }: { timeoutMs?: number | undefined; blocking: boolean },
  ): Started => {
    const action = find(name)
    const value = { ...action.spec.inputs, ...params }
    const activationId = newActivationId()
    const begin = clock.now()
    const run = async (): Promise<Activation> => {
      const { ending, ...times } = await action.run(activationId, value, timeoutMs ?? action.timeoutMs)
      const ok = ending.kind === 'success'
      const activation = { activationId, action: name, ok, ...ending, ...times }
      log.add(activation, { fullName: action.fullName, begin, blocking })
      return activation
    }
    const ended = run().finally(() => running.delete(ended))
    running.add(ended)
    return { activationId, ended }
  }

  const api = await startApi({
    clock,
    namespace,
    auth,
    packageName,
    port: options.port ?? 0,
    maxActivations: options.maxActivations ?? 100,
    blockingMs: options.blockingMs ?? 60_000,
    has: (name) => deployed.has(name),
    isFinal: (name, parameter) => {
      const { final = false, inputs = {} } = deployed.get(name)?.spec ?? {}
      return final && Object.hasOwn(inputs, parameter)
    },
    isServed: (name) => deployed.get(name)?.spec.rawWeb === true,
    platform: options.platform,
    start: (name, params, blocking) => start(name, params, { blocking }),
    running: () => running.size,
    log,
  })
  const close = async (): Promise<void> => {
    await api.close()
    await Promise.all([...deployed.values(), ...retired].map((it) => it.remove()))
    deployed.clear()
    retired.clear()
  }
  const around = { namespace, auth, packageName, apiHost: api.url, env, maxContainers, onLog }
  const retire = (name: string): void => {
    const old = deployed.get(name)
    if (old === undefined) return
    deployed.delete(name)
    retired.add(old)
    void Promise.allSettled([...running]).then(() => (retired.delete(old) ? old.remove() : undefined))
  }

  try {
    for (const [name, spec] of Object.entries(options.actions))
      deployed.set(name, await deploy(name, spec, around))
  } catch (error) {
    await close()
    throw error
  }

  return {
    api,
    webUrl: (name) => `${api.url}${WEB}${namespace}/${packageName}/${name}`,
    invoke: async (name, params = {}, { timeoutMs } = {}) => {
      if (Buffer.byteLength(JSON.stringify(params)) > MAX_BYTES)
        throw new Error('413: the parameters exceed 1 MB')
      return start(name, params, { timeoutMs, blocking: true }).ended
    },
    rebind: (input, value) => {
      const bound = [...deployed].filter(([, { spec }]) => Object.hasOwn(spec.inputs ?? {}, input))
      for (const [, it] of bound) it.spec = { ...it.spec, inputs: { ...it.spec.inputs, [input]: value } }
      return bound.map(([name]) => name)
    },
    put: async (name, spec) => {
      const next = await deploy(name, spec, around)
      retire(name)
      deployed.set(name, next)
    },
    remove: retire,
    bind: (name, inputs) => {
      const action = find(name)
      action.spec = { ...action.spec, inputs }
    },
    actions: () => [...deployed.keys()],
    activations: (name) => log.all().filter((it) => name === undefined || it.name === name),
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running)
    },
    logs: (name) => find(name).logs.join(''),
    coldStarts: (name) => find(name).coldStarts(),
    kill: (name) => find(name).destroyAll(),
    reset: async (name) => {
      const chosen = name === undefined ? [...deployed.values()] : [find(name)]
      await Promise.all(chosen.map((it) => it.destroyAll()))
    },
    close,
  }
}
