import { isJsonObject, type JsonValue, parseJson } from '../json'
import type { ContainerAnswer, LogLine } from './container'

/** 1 MB: the limit of parameters and of results. */
export const MAX_BYTES = 1024 * 1024

/** How an activation ended: OpenWhisk's status, and what it holds. */
export type Ending =
  | { kind: 'success'; result: JsonValue }
  | { kind: 'application error'; error: JsonValue }
  | { kind: 'developer error'; error: JsonValue }

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
  /** What its container wrote meanwhile. */
  lines?: readonly LogLine[]
  /** Loading (when cold) and running, as OpenWhisk counts it. */
  durationMs: number
}

/** An activation that was accepted: its id at once, its end later. */
export type Started = { activationId: string; ended: Promise<Activation> }

const developerError = (error: JsonValue): Ending => ({ kind: 'developer error', error })

const timedOut = (timeoutMs: number, during: '' | ' during initialization'): Ending =>
  developerError(`The action exceeded its time limits of ${timeoutMs} milliseconds${during}.`)

/**
 * What the invoker makes of a failed `/init`; undefined when it went well (OpenWhisk,
 * ActivationResult.scala).
 */
export const initEnding = (answer: ContainerAnswer, timeoutMs: number): Ending | undefined => {
  if (answer.kind === 'timeout') return timedOut(timeoutMs, ' during initialization')
  if (answer.kind === 'gone') return developerError('The action did not initialize and exited unexpectedly.')
  if (answer.status === 200) return undefined
  const body = parseJson(answer.body)
  const said = isJsonObject(body) ? body.error : undefined
  return developerError(said ?? `The action failed during initialization: ${answer.body}`)
}

/** What the invoker makes of `/run` (OpenWhisk, ActivationResult.scala and Messages.scala). */
export const runEnding = (answer: ContainerAnswer, timeoutMs: number): Ending => {
  if (answer.kind === 'timeout') return timedOut(timeoutMs, '')
  if (answer.kind === 'gone') {
    return developerError(
      answer.outOfMemory
        ? 'The action exhausted its memory and was aborted.'
        : 'The action did not produce a valid response and exited unexpectedly.',
    )
  }
  const length = Buffer.byteLength(answer.body)
  if (length > MAX_BYTES) {
    const limits = `${length} > ${MAX_BYTES} bytes`
    return {
      kind: 'application error',
      error: `The action produced a response that exceeded the allowed length: ${limits}.`,
    }
  }
  const body = parseJson(answer.body)
  const ok = answer.status === 200
  if (ok && Array.isArray(body)) return { kind: 'success', result: body }
  if (!isJsonObject(body))
    return developerError(`The action did not produce a valid JSON response: ${answer.body}`)
  if (!ok)
    return developerError(body.error ?? `The action did not produce a valid JSON response: ${answer.body}`)
  return body.error === undefined
    ? { kind: 'success', result: body }
    : { kind: 'application error', error: body.error }
}
