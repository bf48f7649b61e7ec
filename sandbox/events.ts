import { randomUUID } from 'node:crypto'
import type { MovableClock } from './clock'
import { isJsonObject, type JsonObject } from './json'
import { httpAnswer } from './runtime/http-answer'
import type { Activation } from './runtime/runtime'
import { within } from './within'

const MINUTE_MS = 60_000
const RETRY_WINDOW_MS = 24 * 60 * MINUTE_MS
const MAX_DELAY_MINUTES = 15
/** What I/O Events records when nothing was answered in time. */
const TIMED_OUT = 604

/** The receivers of the I/O Events stand-in. */
export type EventsOptions = {
  clock: MovableClock
  /** Runs the registered action. */
  invoke: (params: JsonObject) => Promise<Activation>
  /** Hears of every event, as it is delivered: the journal keeps it. */
  onEvent?: (event: JsonObject) => void
  /** False where no registration that is enabled takes the event: events are then in the journal only, and retries go on. Always by default. */
  isPushed?: (event: JsonObject) => boolean
  recipientClientId?: string
  /** The name in `x-adobe-provider`. */
  provider?: string
  /** How long the action may take to answer, in ms; 60 s for a Runtime action. */
  answerWithinMs?: number
}

/** One delivery of one event. */
export type Attempt = {
  /** 0 for the first, then the retry count. */
  retry: number
  /** By the sandbox clock, in ms since the epoch. */
  at: number
  deliveryId: string
  /** The HTTP status, or 604 when nothing came in time. */
  status: number
  /** Absent when nothing came in time. */
  activation?: Activation
}

/** What became of an event. */
export type EventTrace = {
  eventId: string
  event: JsonObject
  /** `dropped` is for good: a status that is not retried, 24 hours of retries, or a registration that is disabled. */
  state: 'delivering' | 'done' | 'waiting' | 'dropped'
  attempts: Attempt[]
  /** When the next attempt is due, while `waiting`. */
  dueAt?: number
}

/** The I/O Events stand-in: a registration whose receiver is a Runtime action. */
export type EventsStandIn = {
  /** First delivery; resolves when the action has answered or its time is over. */
  deliver(event: JsonObject): Promise<EventTrace>
  /** Takes an event that is not pushed, as while a registration is disabled: it is in the journal only. */
  hold(event: JsonObject): void
  /** Delivers again what is due by the clock, each event once; resolves with those. */
  retryDue(): Promise<EventTrace[]>
  /** Sends the probe of a new registration; `ok` when the challenge came back. */
  challenge(value?: string): Promise<{ ok: boolean; activation: Activation }>
  /** All events so far, oldest first. */
  traces: EventTrace[]
}

/** Minutes until retry number `retry`: 1, 2, 4, 8, 15, 15... (I/O Events, retry documentation). */
export const retryDelayMinutes = (retry: number): number => Math.min(2 ** (retry - 1), MAX_DELAY_MINUTES)

/** True for the statuses that I/O Events retries: 429, 5xx but 505, and its own 6xx. */
export const isRetried = (status: number): boolean => status === 429 || (status >= 500 && status !== 505)

/** The code that an event is registered by: the CloudEvents type, or, for one of the event proxy, `asset_published`. */
const eventCode = ({ type, event }: JsonObject): string => {
  const xdmType = isJsonObject(event) ? event['@type'] : undefined
  return typeof xdmType === 'string' ? xdmType.toLowerCase().replace(/^xdm/, 'asset_') : String(type)
}

/** Starts the stand-in. It holds nothing open: there is nothing to close. */
export const startEvents = (options: EventsOptions): EventsStandIn => {
  const { clock, invoke, recipientClientId = 'client-id', answerWithinMs = 60_000 } = options
  const { provider = 'aemassets_EXAMPLE@AdobeOrg_acct-aem-p1-e2@adobe.com' } = options
  const traces: EventTrace[] = []

  const attempt = async (trace: EventTrace): Promise<EventTrace> => {
    const retry = trace.attempts.length
    const deliveryId = randomUUID()
    const at = clock.now()
    trace.state = 'delivering'
    delete trace.dueAt
    const headers: JsonObject = {
      'x-request-id': randomUUID(),
      'x-adobe-delivery-id': deliveryId,
      'x-adobe-event-id': trace.eventId,
      'x-adobe-event-code': eventCode(trace.event),
      'x-adobe-provider': provider,
      ...(retry > 0 ? { 'x-adobe-retry-count': `${retry}` } : {}),
    }
    const activation = await within(answerWithinMs, invoke({ ...trace.event, __adobe_headers: headers }))
    const status = activation === undefined ? TIMED_OUT : httpAnswer(activation).status
    trace.attempts.push({
      retry,
      at,
      deliveryId,
      status,
      ...(activation === undefined ? {} : { activation }),
    })
    if (status >= 200 && status < 300) {
      trace.state = 'done'
      return trace
    }
    const dueAt = at + retryDelayMinutes(retry + 1) * MINUTE_MS
    const first = trace.attempts[0]?.at ?? at
    if (isRetried(status) && dueAt <= first + RETRY_WINDOW_MS) {
      trace.state = 'waiting'
      trace.dueAt = dueAt
    } else {
      trace.state = 'dropped'
    }
    return trace
  }

  const accept = (event: JsonObject): { eventId: string; addressed: JsonObject } => {
    const eventId = typeof event.eventid === 'string' ? event.eventid : randomUUID()
    const ids = { event_id: eventId, eventid: eventId }
    const recipient = { recipient_client_id: recipientClientId, recipientclientid: recipientClientId }
    const addressed = { ...ids, ...recipient, ...structuredClone(event) }
    options.onEvent?.(addressed)
    return { eventId, addressed }
  }

  return {
    traces,
    hold: (event) => {
      accept(event)
    },
    deliver: (event) => {
      const { eventId, addressed } = accept(event)
      const trace: EventTrace = { eventId, event: addressed, state: 'delivering', attempts: [] }
      traces.push(trace)
      if (options.isPushed?.(addressed) ?? true) return attempt(trace)
      trace.state = 'dropped'
      return Promise.resolve(trace)
    },
    retryDue: () => {
      const now = clock.now()
      const due = traces.filter(({ state, dueAt }) => state === 'waiting' && (dueAt ?? now) <= now)
      return Promise.all(due.map(attempt))
    },
    challenge: async (value = randomUUID()) => {
      const activation = await invoke({ challenge: value })
      const { status, body } = httpAnswer(activation)
      return { ok: status === 200 && isJsonObject(body) && body.challenge === value, activation }
    },
  }
}
