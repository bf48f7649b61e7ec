import type { AkeneoEnvironment, AkeneoParts } from './akeneo-parts'
import { oneOf, openAkeneo, requireOwn } from './akeneo-parts'
import { showLogs, showStatus } from './akeneo-reports'
import { subscribe } from './akeneo-subscribe'
import { type CommandResult, UsageError } from './output'
import type { Selection } from './selection'

/** What the command line may say besides what every command knows. */
export const akeneoOptions = {
  url: { type: 'string' },
  email: { type: 'string' },
  events: { type: 'string' },
  filter: { type: 'string' },
  name: { type: 'string' },
  unchecked: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  errors: { type: 'boolean' },
  hours: { type: 'string' },
  query: { type: 'string', multiple: true },
} as const

export type AkeneoOptions = Partial<{
  [Name in keyof typeof akeneoOptions]: (typeof akeneoOptions)[Name] extends { multiple: true }
    ? string[]
    : (typeof akeneoOptions)[Name]['type'] extends 'string'
      ? string
      : boolean
}>

/** Which options a command takes. */
const taken = {
  subscribe: ['url', 'email', 'events', 'filter', 'name', 'unchecked', 'dry-run'],
  status: ['name', 'unchecked'],
  logs: ['name', 'errors', 'hours', 'query'],
  suspend: ['name', 'dry-run'],
  delete: ['name', 'dry-run'],
} as const
const shared = ['json', 'help', 'all']

/** The command behind `akeneo <verb>`. */
export function akeneoCommands(
  verb: string | undefined,
  { ids, all }: Selection,
  options: AkeneoOptions,
): (environment: AkeneoEnvironment) => Promise<CommandResult> {
  if (verb === undefined || !isVerb(verb)) {
    throw new UsageError(
      `akeneo knows ${Object.keys(taken).join(', ')}${verb === undefined ? '' : `, but not ${verb}`}`,
    )
  }
  const allowed: readonly string[] = [...shared, ...taken[verb]]
  const strange = Object.keys(options).find((name) => !allowed.includes(name))
  if (strange !== undefined) throw new UsageError(`akeneo ${verb} takes no --${strange}`)
  const [id, ...more] = ids
  const takesId = verb === 'logs' || verb === 'suspend' || verb === 'delete'
  if (all || more.length > 0 || (id !== undefined && !takesId)) {
    throw new UsageError(`akeneo ${verb} takes ${takesId ? 'one id at most' : 'no id'}, and no --all`)
  }
  const dryRun = options['dry-run'] ?? false
  const open = (environment: AkeneoEnvironment): AkeneoParts => openAkeneo(environment, options.name)
  switch (verb) {
    case 'subscribe':
      return (environment) => subscribe(environment, open(environment), { ...options, dryRun })
    case 'status':
      return (environment) => showStatus(environment, open(environment), options.unchecked ?? false)
    case 'logs': {
      const { errors = false } = options
      const asked = { id, errors, hours: hoursOf(options.hours), query: queryOf(options.query) }
      return (environment) => showLogs(open(environment), asked)
    }
    case 'suspend':
      return (environment) => suspend(open(environment), { id, dryRun })
    case 'delete':
      return (environment) => remove(open(environment), { id, dryRun })
  }
}

const isVerb = (verb: string): verb is keyof typeof taken => Object.hasOwn(taken, verb)

/** The log goes back 30 days. */
function hoursOf(text: string | undefined): number {
  const hours = Number(text ?? '24')
  if (!(hours > 0 && hours <= 720)) throw new UsageError('--hours must be a number up to 720')
  return hours
}

function queryOf(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? []
      if (name === undefined || value === undefined) throw new UsageError('--query must be name=value')
      return [name, value]
    }),
  )
}

type Chosen = { id: string | undefined; dryRun: boolean }

async function suspend(parts: AkeneoParts, { id, dryRun }: Chosen): Promise<CommandResult> {
  const it = oneOf(await requireOwn(parts), id)
  const data = { id: it.id, was: it.status, status: 'suspended', dryRun }
  if (it.status === 'suspended') return { data, lines: [`${it.id} is suspended already.`] }
  if (dryRun) return { data, lines: [`would suspend ${it.id}, which is ${it.status}`] }
  await parts.platform.setActive(it, false, parts.call)
  return {
    data,
    lines: [
      `${it.id} is suspended. What happens in the PIM until you resume it (akeneo subscribe) is not told later.`,
    ],
  }
}

async function remove(parts: AkeneoParts, { id, dryRun }: Chosen): Promise<CommandResult> {
  const own = await requireOwn(parts)
  const { subscriber, subscriptions } = own
  const isEmpty = subscriptions.length === 0 && id === undefined
  const it = isEmpty ? undefined : oneOf(own, id)
  const isLast = subscriptions.every((other) => other === it)
  const what = [
    ...(it === undefined ? [] : [`the subscription ${it.id} to ${it.config.url}`]),
    ...(isLast ? [`the subscriber ${JSON.stringify(subscriber.name)} (${subscriber.id})`] : []),
  ]
  const data = {
    ...(it === undefined ? {} : { subscription: it.id }),
    ...(isLast ? { subscriber: subscriber.id } : {}),
    dryRun,
  }
  if (dryRun) return { data, lines: [`would delete ${what.join(' and ')}`] }
  if (it !== undefined) await parts.platform.deleteSubscription(it, parts.call)
  if (isLast) await parts.platform.deleteSubscriber(subscriber.id, parts.call)
  return { data, lines: [`Deleted ${what.join(' and ')}.`] }
}
