import { type AemOptions, type AemStandIn, startAem } from './aem/author'
import { libraryProduct } from './aem/generated-library'
import { type AkeneoStandIn, startAkeneo } from './akeneo/akeneo'
import { type EventFeed, startEventFeed } from './akeneo/event-feed'
import { subscribeReceiver } from './akeneo/event-subscriber'
import { createClock, type MovableClock } from './clock'
import { createPlatform, type Platform } from './deploy-service'
import { aemProviders } from './event-providers'
import { type EventsStandIn, startEvents } from './events'
import { type ImsStandIn, startIms } from './ims'
import { type JournalStandIn, startJournal } from './journal'
import type { JsonObject } from './json'
import { type PimStandIn, startPim } from './pim'
import { createRegistrationList, type RegistrationList } from './registrations'
import { runDeployed } from './run-deployed'
import { type ActionSpec, type RuntimeOptions, type RuntimeStandIn, startRuntime } from './runtime/runtime'
import { type StateStandIn, startState } from './state'
import { type FolderTarget, startFolder } from './targets/folder'
import { appScopes, grantedScopes, type Workspace, workspaces } from './workspace'

const PACKAGE = 'asset-bridge'
/** The actions that I/O Events delivers to, as far as they run here. */
const FED_BY_IO_EVENTS = ['generic', 'export-asset']
const EVENT_SECRETS = ['first-secret-of-the-sandbox', 'second-secret-of-the-sandbox'] as const
/** The action that Akeneo's events go to. */
const PIM_RECEIVER = 'pim-events'
/** The action that a monitor asks, and what opens it here. */
const MONITORED = 'status'
export const STATUS_TOKEN = 'sandbox-status-token'
/** The action that doctor asks what was deployed. */
const COMPARED = 'export-worker'

/**
 * Of a deployment, all actions have the same PIM. Here these have Akeneo, for only Akeneo tells of changes, and the
 * others have the mock, which needs nothing.
 */
const FED_BY_AKENEO = [PIM_RECEIVER, 'pim-sync', 'reconcile']

/** For the communicator `rest`, with the PIM that knows the products of a generated library. */
const pimInputs = ({ url, apiKey }: PimStandIn): Record<string, string> => ({
  PIM_COMMUNICATOR: 'rest',
  PIM_REST_URL: `${url}/search?sku={identifiers}`,
  PIM_REST_HEADERS: `X-Api-Key: ${apiKey}`,
  PIM_REST_PRODUCT: '/items',
  PIM_REST_IDENTIFIER: '/sku',
})

/** What to start. */
export type SandboxOptions = {
  /**
   * Actions to run, by name; their inputs are merged over {@link Sandbox.inputs}. None: no runtime is
   * started.
   */
  actions?: Record<string, ActionSpec>
  /**
   * Inputs of the user in place of those of the sandbox: for the actions, and not for {@link Sandbox.inputs}. With
   * `PIM_COMMUNICATOR` among them all actions have that PIM.
   */
  ownInputs?: Record<string, string>
  /** The action that {@link Sandbox.events} delivers to: the first one by default. */
  receiver?: string
  /** False leaves it to others to subscribe `pim-events`, if there is one, to Akeneo's events. */
  subscribed?: boolean
  /** False leaves it to others to register the actions at I/O Events; until then they get no event. */
  registered?: boolean
  clock?: MovableClock
  /** @default that of Stage */
  workspace?: Workspace
  aem?: Omit<AemOptions, 'clock' | 'isValidToken' | 'allowedClientIds' | 'port' | 'blobPort'>
  /** Fixed ports; free ones by default. */
  ports?: {
    ims?: number
    aem?: number
    blobs?: number
    state?: number
    pim?: number
    runtime?: number
    journal?: number
    akeneo?: number
    eventPlatform?: number
  }
  logLevel?: string
  /** Activations that the namespace may have at once: see the runtime. */
  maxActivations?: number
  /** Hears what the actions write to their logs. */
  onLog?: RuntimeOptions['onLog']
}

/** All stand-ins, wired to each other. */
export type Sandbox = {
  clock: MovableClock
  ims: ImsStandIn
  aem: AemStandIn
  state: StateStandIn
  pim: PimStandIn
  akeneo: AkeneoStandIn
  /** Akeneo's events, sent to its subscribers; see {@link SandboxOptions.subscribed}. */
  pimEvents: EventFeed
  runtime: RuntimeStandIn
  /** What the namespace holds. The runtime's API serves it, and runs what is deployed to it. */
  platform: Platform
  /** The workspace whose credential and namespace are let in. */
  workspace: Workspace
  events: EventsStandIn
  /** Holds every event of every registration, delivered or not. */
  journal: JournalStandIn
  /** What the API of I/O Events holds, and what may go wrong with it. */
  registrations: RegistrationList
  /** The registration of another action at I/O Events. Throws when there is no such action. */
  registration(action: string): EventsStandIn
  /** The destination `folder`: a temporary one. */
  folder: FolderTarget
  /** The app's inputs that point here. */
  inputs(): Record<string, string>
  /** The environment of an activation that points here. */
  env(): Record<string, string>
  /** The environment of `npm run bridge` that points here. */
  operatorEnv(): Record<string, string>
  /** The same as somebody has it who has set nothing up: credentials as `aio app use` writes them, and addresses. */
  newcomerEnv(): Record<string, string>
  /** Stops everything and leaves no handle open. */
  close(): Promise<void>
}

/**
 * Starts IMS, AEM, State, PIMs, the runtime and I/O Events with its journal together. When one cannot start (a port is
 * taken, a bundle is missing), the others are closed and the error is thrown.
 */
export const startSandbox = async (options: SandboxOptions = {}): Promise<Sandbox> => {
  const { actions = {}, clock = createClock(), ports = {}, workspace = workspaces.stage } = options
  const { namespace, auth, clientId, clientSecret, imsOrgId, ids } = workspace
  const started: { close(): Promise<void> }[] = []
  const keep = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const it = await starting
    started.push(it)
    return it
  }
  const close = async (): Promise<void> => {
    for (const it of started.splice(0).reverse()) await it.close()
  }

  try {
    const credentials = { clientId, clientSecret, scopes: grantedScopes }
    const ims = await keep(startIms({ clock, ...credentials, port: ports.ims ?? 0 }))
    const aemPorts = { port: ports.aem ?? 0, blobPort: ports.blobs ?? 0 }
    const aemKnows = { isValidToken: ims.isValid, allowedClientIds: [clientId], ...aemPorts }
    const aem = await keep(startAem({ ...options.aem, clock, ...aemKnows }))
    const state = await keep(startState({ clock, namespace, auth, port: ports.state ?? 0 }))
    const size = options.aem?.assets ?? 0
    const others = (identifier: string) => libraryProduct(identifier, size)
    const pim = await keep(startPim({ clock, others, port: ports.pim ?? 0 }))
    const akeneo = await keep(startAkeneo({ clock, port: ports.akeneo ?? 0 }))
    // At Akeneo a change takes minutes. Here it takes effect at once.
    const settings = { acceptLoopback: true, effectiveAfterMs: 0 }
    const pimEvents = await keep(startEventFeed({ clock, akeneo, settings, port: ports.eventPlatform ?? 0 }))
    const folder = await keep(startFolder())
    const registered = { clientId, orgId: imsOrgId, isValidToken: ims.isValid }
    const isRegistered = options.registered !== false
    const list = createRegistrationList({
      ids,
      clientId,
      providers: aemProviders(aem.url, imsOrgId),
      isDeployed: (name) => runtime.actions().some((action) => name === `${PACKAGE}/${action}`),
      registered: isRegistered ? FED_BY_IO_EVENTS.filter((name) => name in actions) : [],
      fed: isRegistered ? [] : FED_BY_IO_EVENTS,
      journalUrl: () => journal.journalUrl,
      now: clock.now,
    })
    const journal: JournalStandIn = await keep(
      startJournal({ clock, ...registered, others: list.answer, port: ports.journal ?? 0 }),
    )

    const inputs = (): Record<string, string> => ({
      LOG_LEVEL: options.logLevel ?? 'info',
      ADC_CECREDENTIALS_CLIENTID: clientId,
      ADC_CECREDENTIALS_CLIENTSECRET: clientSecret,
      ADC_CECREDENTIALS_METASCOPES: appScopes.join(','),
      ADC_CECREDENTIALS_ORGID: imsOrgId,
      IMS_URL: ims.url,
      AEM_AUTHOR_URLS: aem.url,
      ...(size > 0 ? pimInputs(pim) : { PIM_COMMUNICATOR: 'mock' }),
      FOLDER_ROOT: folder.root,
      JOURNAL_URL: journal.journalUrl,
    })
    const own = options.ownInputs ?? {}
    const hasOwnPim = 'PIM_COMMUNICATOR' in own
    const akeneoInputs = {
      ...akeneo.inputs(),
      PIM_COMMUNICATOR: 'akeneo',
      AKENEO_EVENT_SECRETS: EVENT_SECRETS.join(','),
    }
    const env = (): Record<string, string> => ({
      AIO_STATE_ENDPOINT: state.url,
      __OW_API_HOST: runtime.api.url,
      __OW_NAMESPACE: namespace,
      __OW_API_KEY: auth,
    })
    const operatorInputs = {
      ...akeneoInputs,
      ...inputs(),
      // It would win over the connection, were there one in .env.
      AKENEO_TOKEN: '',
      IO_EVENTS_URL: journal.url,
    }
    const operatorEnv = (): Record<string, string> => ({
      // The command line reads those of the user by itself.
      ...Object.fromEntries(
        Object.entries(operatorInputs).filter(
          ([name]) => !(name in own || (hasOwnPim && /^(PIM|AKENEO)_/.test(name))),
        ),
      ),
      ...(hasOwnPim ? {} : { AKENEO_EVENTS_URL: pimEvents.platform.apiUrl }),
      ...surroundings(),
    })
    const surroundings = (): Record<string, string> => ({
      AIO_project_id: ids.projectId,
      AIO_project_org_id: ids.orgId,
      AIO_project_workspace_id: ids.workspaceId,
      AIO_STATE_ENDPOINT: state.url,
      AIO_DEPLOY_SERVICE_URL: runtime.api.url,
      AIO_runtime_namespace: namespace,
      AIO_runtime_auth: auth,
      AIO_runtime_apihost: runtime.api.url,
    })
    const newcomerEnv = (): Record<string, string> => ({
      IMS_OAUTH_S2S_CLIENT_ID: clientId,
      IMS_OAUTH_S2S_CLIENT_SECRET: clientSecret,
      IMS_OAUTH_S2S_SCOPES: JSON.stringify(appScopes),
      IMS_OAUTH_S2S_ORG_ID: imsOrgId,
      IMS_URL: ims.url,
      IO_EVENTS_URL: journal.url,
      ...surroundings(),
      AIO_project_workspace_name: workspace.name,
    })
    const bound = Object.entries(actions).map(([name, spec]): [string, ActionSpec] => {
      const changing = FED_BY_AKENEO.includes(name) && !hasOwnPim ? akeneoInputs : {}
      const token: JsonObject = name === MONITORED ? { STATUS_TOKEN } : {}
      // It tells doctor which inputs it has: those that the command line has, too.
      const compared = name === COMPARED && !hasOwnPim ? operatorInputs : {}
      const merged: JsonObject = {
        ...compared,
        ...inputs(),
        ...changing,
        ...own,
        ...token,
        ...spec.inputs,
      }
      return [name, { ...spec, inputs: merged }]
    })
    const runtimeEnv = { AIO_STATE_ENDPOINT: state.url }
    const deployment = { actions: Object.fromEntries(bound), namespace, auth, env: runtimeEnv, clock }
    const { onLog, maxActivations } = options
    const further = {
      ...(onLog === undefined ? {} : { onLog }),
      ...(maxActivations === undefined ? {} : { maxActivations }),
    }
    const platform: Platform = createPlatform({
      isToken: ims.isValid,
      keys: { [namespace]: auth },
      onChange: (change) => runDeployed(change, { platform, runtime }),
    })
    platform.place(namespace, PACKAGE, Object.keys(actions))
    const runtime: RuntimeStandIn = await keep(
      startRuntime({ ...deployment, ...further, platform: platform.answer, port: ports.runtime ?? 0 }),
    )
    if (PIM_RECEIVER in actions && options.subscribed !== false) {
      const receiver = { url: runtime.webUrl(PIM_RECEIVER), secrets: EVENT_SECRETS }
      await subscribeReceiver({ akeneo, platform: pimEvents.platform }, receiver)
    }
    const receivers = new Map<string, EventsStandIn>()
    const register = (action: string): EventsStandIn => {
      const invoke = (params: JsonObject) => runtime.invoke(action, params)
      const onEvent = (event: JsonObject): void => {
        if (list.keeps(action)) journal.append(event)
      }
      const isPushed = (event: JsonObject) => list.pushes(action, event)
      const registration = startEvents({ clock, invoke, onEvent, isPushed, recipientClientId: clientId })
      receivers.set(action, registration)
      return registration
    }
    const names = [...new Set([...Object.keys(actions), ...(isRegistered ? [] : FED_BY_IO_EVENTS)])]
    for (const name of names) register(name)
    const receiver = options.receiver ?? names[0] ?? 'none'
    const events = receivers.get(receiver) ?? register(receiver)
    const registration = (action: string): EventsStandIn => {
      const found = receivers.get(action)
      if (found === undefined) throw new Error(`There is no action ${action} in the sandbox`)
      return found
    }
    const outside = { ims, aem, state, pim, akeneo, pimEvents, folder, runtime, platform, events, journal }
    const standIns = { clock, workspace, ...outside, registrations: list }
    return { ...standIns, registration, inputs, env, operatorEnv, newcomerEnv, close }
  } catch (error) {
    await close()
    throw error
  }
}
