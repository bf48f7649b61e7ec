import { askReceiver, type ReceiverVerdict } from '../src/connectors/akeneo/event-platform/receiver'
import type { EventLog } from '../src/connectors/akeneo/event-platform/views'
import { webhookInputs } from '../src/connectors/akeneo/webhook-inputs'
import { toBridgeError } from '../src/core/errors'
import { isSet, sourceOf } from '../src/inputs/values'
import {
  type AkeneoEnvironment,
  type AkeneoParts,
  allSubscribed,
  httpsOf,
  ownOf,
  requireOwn,
  type Subscribed,
} from './akeneo-parts'
import { receiverUrl, shortNames, signingSecrets } from './akeneo-wish'
import type { CommandResult } from './output'

/** Results with which events are certainly lost. */
const broken: ReadonlySet<ReceiverVerdict['kind']> = new Set(['refuses', 'gone', 'stranger'])
const hourMs = 3_600_000
/** Of a log whose order is not known. */
const maxPages = 20

/** What is asked of the log. */
export type LogQuestion = {
  id: string | undefined
  errors: boolean
  hours: number
  /** Passed on to Akeneo as it is. */
  query: Readonly<Record<string, string>>
}

/** `akeneo status`: fails when this workspace's subscription does not work. */
export async function showStatus(
  environment: AkeneoEnvironment,
  parts: AkeneoParts,
  unchecked: boolean,
): Promise<CommandResult> {
  const all = await allSubscribed(parts)
  const own = ownOf(all, parts)
  const receivers = new Map<string, ReceiverVerdict>()
  if (
    !unchecked &&
    own !== undefined &&
    isSet(webhookInputs, 'AKENEO_EVENT_SECRETS', sourceOf(environment.inputs))
  ) {
    const secrets = signingSecrets(environment).filter((secret) => secret !== undefined)
    for (const { config } of httpsOf(own)) {
      if (config.url === undefined || receivers.has(config.url)) continue
      const asked = { url: receiverUrl(config.url), secrets, http: parts.http }
      receivers.set(config.url, await askReceiver(asked, parts.call))
    }
  }
  const { errors, unread } = own === undefined ? noErrors : await errorsOf(parts, own, environment)
  const works = own === undefined ? [] : httpsOf(own).filter(({ status }) => status === 'active')
  const verdicts = works.map(({ config }) => receivers.get(config.url ?? '')?.kind)
  const failed = works.length === 0 || verdicts.some((kind) => kind !== undefined && broken.has(kind))
  const lines = all.flatMap((it) => [
    `${it === own ? 'this workspace' : 'other'}  ${it.subscriber.name}  ${it.subscriber.id}  ${it.subscriber.contact.technical_email ?? ''}`,
    ...it.subscriptions.flatMap((subscription) => {
      const { id, status, type, config, events, updated_at: at } = subscription
      const receiver = it === own ? receivers.get(config.url ?? '') : undefined
      const secrets = config.secret?.secondary ? 'two secrets' : 'one secret'
      return [
        `  ${id}  ${status.toUpperCase()}  ${config.url ?? type}  ${secrets}${at === undefined ? '' : `  changed ${at}`}`,
        `      ${shortNames(events)}`,
        ...(receiver === undefined ? [] : [`      receiver: ${receiver.kind} (${receiver.answer})`]),
      ]
    }),
  ])
  return {
    data: {
      name: parts.name,
      subscribers: all.map(({ subscriber, subscriptions }) => ({ ...subscriber, subscriptions })),
      own: own?.subscriber.id ?? null,
      works: !failed,
      receivers: Object.fromEntries(receivers),
      errors,
      ...(unread === undefined ? {} : { unread }),
    },
    lines: [
      ...lines,
      ...(own === undefined
        ? [`There is no subscriber ${JSON.stringify(parts.name)}: akeneo subscribe`]
        : []),
      ...(own !== undefined && works.length === 0 ? ['No subscription is active: akeneo subscribe'] : []),
      ...(unread === undefined ? [] : [`The log could not be read: ${unread}`]),
      ...(own === undefined || unread !== undefined
        ? []
        : [`Errors of the last day: ${errors.length}`, ...errors.map(lineOf)]),
    ],
    failed,
  }
}

type Errors = { errors: readonly EventLog[]; unread?: string }
const noErrors: Errors = { errors: [] }

/** The query of the log is not documented. A failure of it must not hide the state of the subscription. */
async function errorsOf(
  parts: AkeneoParts,
  own: Subscribed,
  { redactor }: AkeneoEnvironment,
): Promise<Errors> {
  try {
    return {
      errors: (await readLogs(parts, own, { id: undefined, errors: true, hours: 24, query: {} })).logs,
    }
  } catch (thrown) {
    parts.call.signal.throwIfAborted()
    const { code, message } = toBridgeError(thrown)
    return { errors: [], unread: redactor.text(`${code}: ${message}`) }
  }
}

/** `akeneo logs`. */
export async function showLogs(parts: AkeneoParts, question: LogQuestion): Promise<CommandResult> {
  // Without a subscriber there is no log to report on.
  const own = question.id === undefined ? await requireOwn(parts) : undefined
  const { logs, isCut } = await readLogs(parts, own, question)
  const kind = question.errors ? 'errors' : 'entries'
  return {
    data: logs,
    lines: [
      ...(logs.length === 0
        ? [`There are no ${kind} of the last ${question.hours} hours.`]
        : logs.map(lineOf)),
      ...(isCut ? [`Only the first ${maxPages} pages were read; --query passes a filter on to Akeneo.`] : []),
    ],
  }
}

/** Which parameters the log takes is not public: what comes is filtered here, oldest first. */
async function readLogs(
  { platform, call }: AkeneoParts,
  own: Subscribed | undefined,
  { id, errors, hours, query }: LogQuestion,
): Promise<{ logs: EventLog[]; isCut: boolean }> {
  const all: EventLog[] = []
  let next: Readonly<Record<string, string>> | undefined = query
  for (let page = 1; next !== undefined && page <= maxPages; page++) {
    const { logs, more } = await platform.logs(next, call)
    all.push(...logs)
    next = more
  }
  const begin = Date.now() - hours * hourMs
  const isWanted = (it: EventLog): boolean =>
    (id === undefined
      ? own !== undefined && it.subscriber_id === own.subscriber.id
      : it.subscription_id === id) &&
    (!errors || it.log_type === 'error') &&
    // An unreadable time is no reason to hide an error.
    !(Date.parse(it.timestamp) < begin)
  const logs = all.filter(isWanted).sort((a, b) => a.timestamp.localeCompare(b.timestamp))
  return { logs, isCut: next !== undefined }
}

const lineOf = (it: EventLog): string =>
  [
    it.timestamp,
    it.subscription_id,
    it.operation,
    it.error_reason ?? it.error_type,
    it.error_code,
    it.error_message,
  ]
    .filter((part) => part !== undefined && part !== null && part !== '')
    .join('  ')
