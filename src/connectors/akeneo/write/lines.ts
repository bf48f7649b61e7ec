import type { CallContext } from '../../../core/call-context'
import { BridgeError, transientError } from '../../../core/errors'
import { isRecord, type JsonObject, type JsonValue, parseJson } from '../../../core/json'
import { type HttpResponse, isOk, refusePage } from '../../../http/response'
import { mayPassStatus } from '../../../http/status'
import { type RoundResult, refusedUpdate } from '../../kit/update-rounds'
import type { AkeneoCalls } from '../calls'
import { refusal, upstreamName } from '../errors'
import type { AkeneoSettings } from '../inputs'
import { reasonIn } from '../media/errors'
import type { Target } from './targets'

/** What one product or model is to hold: one line of a call. */
export type Line = Pick<Target, 'name' | 'value'> & {
  /** By place; the last one of a place counts. */
  values: Map<string, LineValue>
}
export type LineValue = {
  attribute: string
  type: string
  locale: string | null
  scope: string | null
  data: JsonValue
}

/** Akeneo's limits: lines in a call, and characters in a line (REST API, "Responses", 413). */
const maxLines = 100
const maxLineLength = 1_000_000
/** A proxy in front of a PIM may refuse a large body with 403 before Akeneo sees it. */
const maxBodyLength = 2_000_000

const paths: Readonly<Record<Target['name'], string>> = {
  uuid: 'products-uuid',
  identifier: 'products',
  code: 'product-models',
}

/**
 * Sends lines in as few calls as there can be, each once: whoever sends them again has to read before.
 * @returns what became of each line, in their order
 * @throws {BridgeError} systemic or permanent, when Akeneo refuses a call as a whole
 */
export async function sendLines(
  lines: readonly Line[],
  parts: { send: AkeneoCalls['send']; settings: AkeneoSettings },
  call: CallContext,
): Promise<ReadonlyMap<Line, RoundResult>> {
  const results = new Map<Line, RoundResult>()
  const calls: Promise<void>[] = []
  for (const name of ['uuid', 'identifier', 'code'] as const) {
    for (const batch of batches(
      lines.filter((line) => line.name === name),
      results,
    )) {
      calls.push(sendBatch(paths[name], batch))
    }
  }
  await Promise.all(calls)
  return results

  async function sendBatch(path: string, batch: readonly Written[]): Promise<void> {
    let answers: readonly unknown[]
    try {
      const request = { path, method: 'PATCH', lines: batch.map(({ json }) => json) } as const
      const response = await parts.send(request, call)
      if (!isOk(response))
        throw refusal(response, { permission: 'Create and update products' }, parts.settings)
      refusePage(upstreamName, response)
      answers = linesIn(response)
    } catch (thrown) {
      // It may have arrived all the same.
      if (!(thrown instanceof BridgeError) || thrown.failureClass !== 'transient') throw thrown
      for (const { line } of batch) results.set(line, { kind: 'again', error: thrown })
      return
    }
    for (const [index, { line }] of batch.entries()) {
      results.set(line, resultOf(answers, index + 1, line, call))
    }
  }
}

type Written = { line: Line; json: JsonObject; length: number }

/** What is too long for Akeneo is refused here. */
function batches(lines: readonly Line[], results: Map<Line, RoundResult>): Written[][] {
  const found: Written[][] = []
  let room = { lines: 0, length: 0 }
  for (const line of lines) {
    const json = jsonOf(line)
    const { length } = JSON.stringify(json)
    if (length > maxLineLength) {
      const reason = `its values have ${length} characters, and Akeneo takes ${maxLineLength} at once`
      results.set(line, refusedUpdate('AKENEO_VALUE_REFUSED', reason))
      continue
    }
    if (room.lines === 0 || room.length < length) {
      found.push([])
      room = { lines: maxLines, length: maxBodyLength }
    }
    room = { lines: room.lines - 1, length: room.length - length }
    found.at(-1)?.push({ line, json, length })
  }
  return found
}

function jsonOf({ name, value, values }: Line): JsonObject {
  const byAttribute = new Map<string, JsonObject[]>()
  for (const { attribute, locale, scope, data } of values.values()) {
    byAttribute.set(attribute, [...(byAttribute.get(attribute) ?? []), { locale, scope, data }])
  }
  return { [name]: value, values: Object.fromEntries(byAttribute) }
}

const linesIn = ({ text }: HttpResponse): readonly unknown[] => text.split('\n').map(parseJson)

/** The status of each line counts: the answer itself is 200 whatever they are. */
function resultOf(answers: readonly unknown[], number: number, line: Line, call: CallContext): RoundResult {
  const answer = answers.find((item) => isRecord(item) && item.line === number)
  const status = isRecord(answer) ? answer.status_code : undefined
  if (!isRecord(answer) || typeof status !== 'number' || !isAbout(answer, line)) {
    const error = transientError(
      'PIM_NOT_CONFIRMED',
      'Akeneo does not say what became of each product that was sent to it',
      { upstream: upstreamName },
    )
    return { kind: 'again', error }
  }
  const reason = reasonIn(answer)
  if (status === 201) {
    call.logger.error(
      'a product was deleted while it was written, and Akeneo has created it anew, without a family',
      {
        [line.name]: line.value,
      },
    )
    return refusedUpdate(
      'AKENEO_RECREATED',
      'it was deleted while it was written, and Akeneo has created an empty one: delete that in Akeneo',
    )
  }
  if (status >= 200 && status < 300) return { kind: 'updated' }
  if (mayPassStatus(status)) {
    const error = transientError('PIM_UNAVAILABLE', `Akeneo answered ${status} for a product: ${reason}`, {
      upstream: upstreamName,
      status,
    })
    return { kind: 'again', error }
  }
  if (status === 404) return { kind: 'unknown' }
  if (status === 403) return refusedUpdate('AKENEO_NOT_OWNED', `Akeneo answered 403: ${reason}`)
  return refusedUpdate('AKENEO_VALUE_REFUSED', `Akeneo answered ${status}: ${reason}`)
}

/** Akeneo repeats the name. A line without one could not be read at all. */
const isAbout = (answer: Readonly<Record<string, unknown>>, { name, value }: Line): boolean =>
  answer[name] === undefined || String(answer[name]).toLowerCase() === value.toLowerCase()
