import { openDestinations } from '../../src/app/export'
import { status } from '../../src/app/status'
import { webhookInputs } from '../../src/connectors/akeneo/webhook-inputs'
import { toBridgeError, transientError } from '../../src/core/errors'
import { isRecord } from '../../src/core/json'
import { readOverview } from '../../src/flows/overview'
import { createSingleFlight } from '../../src/http/single-flight'
import { isSet, sourceOf } from '../../src/inputs/values'
import { allSubscribed, httpsOf, openAkeneo, ownOf } from '../akeneo-parts'
import { examine } from '../doctor'
import type { Environment } from '../environment'
import { CommandError } from '../output'
import { allLetters, allPending, letterFacts, pendingFacts } from '../record-list'
import { readRegistrations } from '../registrations'
import type {
  DestinationView,
  HealthView,
  OverviewView,
  ProblemView,
  RecordView,
  SurroundingsView,
} from './view'

/** What the page asks for again and again. Nothing is masked yet. */
export type Data = {
  overview(): Promise<OverviewView>
  health(): Promise<HealthView>
  surroundings(): Promise<SurroundingsView>
}

/** Of each kind of record: an operator reads the newest ones, and State must not be busy with the page. */
const maxShown = 100
const readMs = 120_000

const silent = (): void => undefined
/** What goes wrong stands on the page. Each look again would fill the terminal. */
const logger = { error: silent, warn: silent, info: silent, debug: silent }

/** Reads what the page shows, once for all who ask at the same time. */
export function createData(environment: Environment): Data {
  const { clock } = environment
  const late = () => transientError('DASHBOARD_LATE', `it could not be found out within ${readMs / 1000} s`)
  const once = <T>(name: string, read: (own: Environment) => Promise<T>): (() => Promise<T>) => {
    const alone = createSingleFlight<T>({ clock, limitMs: readMs, late })
    return () =>
      alone(name, callOf(environment), (call) => read({ ...environment, call: () => ({ ...call, logger }) }))
  }
  return {
    overview: once('overview', overviewOf),
    health: once('health', healthOf),
    surroundings: once('surroundings', surroundingsOf),
  }
}

const callOf = (environment: Environment) => ({ ...environment.call(), logger })

async function healthOf(environment: Environment): Promise<HealthView> {
  const checks = await examine(environment, { write: false, deployed: false })
  return { at: momentOf(environment), checks }
}

async function overviewOf(environment: Environment): Promise<OverviewView> {
  const context = { ...environment, call: environment.call(), action: 'dashboard' }
  const [overview, letters, pieces] = await Promise.all([
    readOverview(context),
    allLetters(environment, maxShown),
    allPending(environment, maxShown),
  ])
  const { ok, lagSeconds, parts } = status.judge(overview, context)
  const deadLetters: readonly RecordView[] = letters
    .map((letter) => letterFacts(letter, environment))
    .reverse()
  const pending = pieces
    .map((piece): RecordView => {
      const { id, action, since, nextTry, history } = piece
      const { at, message } = history.at(-1) ?? {}
      return { id, action, since, at, nextTry, message, ...pendingFacts(piece, environment) }
    })
    .reverse()
  const active = openDestinations(context).active()
  const named = [...deadLetters, ...pending].flatMap(({ destination }) => destination ?? [])
  const names = new Set([...active, ...named.map((name) => name.toLowerCase())])
  return {
    at: momentOf(environment),
    workspace: environment.namespace ?? null,
    ok,
    lagSeconds,
    parts,
    runs: overview.runs.map(({ job, startedAt, endedAt, outcome, counts, error, notes }) => ({
      ...{ job, startedAt, endedAt, outcome, counts },
      lagSeconds: isRecord(notes) && typeof notes.lag === 'number' ? notes.lag : null,
      ...(error === undefined ? {} : error),
    })),
    deadLetters: { total: overview.deadLetters.total, shown: deadLetters },
    pending: { total: overview.pending.total, shown: pending },
    destinations: [...names].sort().map((name) => {
      const isOf = ({ destination }: RecordView): boolean => destination?.toLowerCase() === name
      const parked = pending.filter(isOf)
      const dead = deadLetters.filter(isOf)
      const isSetUp = active.includes(name)
      return {
        name,
        isSetUp,
        parked: parked.length,
        deadLetters: dead.length,
        last: lastOf([...parked, ...dead]),
      }
    }),
  }
}

/** The newest failure of these. */
function lastOf(records: readonly RecordView[]): DestinationView['last'] {
  const failures = records.flatMap(({ at, code, message = '' }) =>
    at === undefined || code === undefined ? [] : { at, code, message },
  )
  return failures.sort((a, b) => b.at.localeCompare(a.at))[0] ?? null
}

async function surroundingsOf(environment: Environment): Promise<SurroundingsView> {
  const [registrations, akeneo] = await Promise.all([
    orProblem(async () => ({ items: await registrationsOf(environment) })),
    hasAkeneoEvents(environment)
      ? orProblem(async () => ({ items: await subscriptionsOf(environment) }))
      : null,
  ])
  return { at: momentOf(environment), registrations, akeneo }
}

const hasAkeneoEvents = ({ inputs }: Environment): boolean =>
  isSet(webhookInputs, 'AKENEO_EVENT_SECRETS', sourceOf(inputs))

async function registrationsOf(environment: Environment) {
  const found = await readRegistrations(environment, environment.call())
  return found.map(({ id, name, runtimeAction, deliveryType, status = '', health }) => ({
    ...{ id, name, status, health },
    target: runtimeAction ?? deliveryType ?? '',
  }))
}

async function subscriptionsOf(environment: Environment) {
  const parts = openAkeneo(environment, undefined)
  const all = await allSubscribed(parts)
  const own = ownOf(all, parts)
  return all.flatMap((subscribed) =>
    httpsOf(subscribed).map(({ id, status, config, events }) => ({
      ...{ id, status, events },
      subscriber: subscribed.subscriber.name,
      isOwn: subscribed === own,
      url: config.url ?? '',
    })),
  )
}

async function orProblem<T>(work: () => Promise<T>): Promise<T | { problem: ProblemView }> {
  try {
    return await work()
  } catch (thrown) {
    return { problem: problemOf(thrown) }
  }
}

/** What ended a piece of work, as the page shows it. */
export function problemOf(thrown: unknown): ProblemView {
  if (thrown instanceof CommandError) return { code: 'REFUSED', message: thrown.message }
  const { code, message } = toBridgeError(thrown)
  return { code, message }
}

const momentOf = ({ clock }: Environment): string => new Date(clock.now()).toISOString()
