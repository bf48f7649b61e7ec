import type { MovableClock } from '../clock'
import type { JsonValue } from '../json'
import type { Activation } from './activation'

/** An activation as the API shows it (OpenWhisk, WhiskActivation.scala). Times are in ms. */
export type ActivationRecord = {
  namespace: string
  name: string
  version: string
  subject: string
  activationId: string
  start: number
  end: number
  duration: number
  response: { statusCode: number; status: string; success: boolean; result: JsonValue }
  logs: string[]
  annotations: { key: string; value: JsonValue }[]
  publish: boolean
}

/** What the platform remembers of activations. */
export type ActivationLog = {
  /** Notes an activation down, if the platform keeps it: a blocking one that went well leaves no record. */
  add(activation: Activation, about: { fullName: string; begin: number; blocking: boolean }): void
  /** The record, kept or not. */
  record(activation: Activation, about: { fullName: string; begin: number }): ActivationRecord
  find(activationId: string): ActivationRecord | undefined
  /** Oldest first. */
  all(): ActivationRecord[]
}

const KEPT = 1000
const STATUS_CODES = { success: 0, 'application error': 1, 'developer error': 2 }
const STATUSES = {
  success: 'success',
  'application error': 'application error',
  'developer error': 'action developer error',
}

/** An empty log; the oldest records go when there are too many. */
export const createActivationLog = (options: { clock: MovableClock; namespace: string }): ActivationLog => {
  const { clock, namespace } = options
  const records = new Map<string, ActivationRecord>()

  const record: ActivationLog['record'] = (activation, { fullName, begin }) => {
    const { activationId, action: name, kind, ok, result, error, durationMs, cold, startMs } = activation
    return {
      namespace,
      name,
      version: '0.0.1',
      subject: namespace,
      activationId,
      start: begin,
      end: clock.now(),
      duration: Math.round(durationMs),
      response: {
        statusCode: STATUS_CODES[kind],
        status: STATUSES[kind],
        success: ok,
        result: ok ? (result ?? {}) : { error: error ?? null },
      },
      logs: [],
      annotations: [
        { key: 'path', value: fullName.slice(1) },
        { key: 'kind', value: 'nodejs:24' },
        ...(cold ? [{ key: 'initTime', value: Math.round(startMs) }] : []),
      ],
      publish: false,
    }
  }

  return {
    record,
    add: (activation, about) => {
      if (about.blocking && activation.ok) return
      records.set(activation.activationId, record(activation, about))
      for (const oldest of records.keys()) {
        if (records.size <= KEPT) break
        records.delete(oldest)
      }
    },
    find: (activationId) => records.get(activationId),
    all: () => [...records.values()],
  }
}
