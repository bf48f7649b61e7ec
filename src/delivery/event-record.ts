import { isRecord } from '../core/json'
import type { Redactor } from '../core/redaction'
import { type Naming, naming } from '../events/naming'
import { reducedEvent } from '../events/reduce'
import { boundedEvent } from './bounded-event'
import { maskedName } from './masked-name'

/**
 * An event as a record keeps it that is executed later: reduced to what is read of it, redacted and bounded, but for the
 * members that say what it is about. A part of a path may look like a secret, or be one; masked, it would name another
 * file.
 */
export const eventRecord = (event: unknown, redactor: Redactor): unknown =>
  boundedEvent(redacted(reducedEvent(event), naming, redactor))

function redacted(value: unknown, named: Naming, redactor: Redactor): unknown {
  if (Array.isArray(value) && value.every(isRecord))
    return value.map((item) => redacted(item, named, redactor))
  if (!isRecord(value)) return redactor.value(value)
  const entries = Object.entries(value)
  const others = redactor.value(Object.fromEntries(entries.filter(([name]) => !Object.hasOwn(named, name))))
  const kept = entries.flatMap(([name, item]) => {
    const what = Object.hasOwn(named, name) ? named[name] : undefined
    if (what === undefined) return []
    if (what === 'exact') return [[name, typeof item === 'string' ? item : redactor.value(item)]]
    if (what !== 'kept') return [[name, redacted(item, what, redactor)]]
    return [[name, typeof item === 'string' ? maskedName(item, redactor) : redactor.value(item)]]
  })
  return { ...(isRecord(others) ? others : {}), ...Object.fromEntries(kept) }
}
