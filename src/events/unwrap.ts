import { isRecord } from '../core/json'

/** An event without what it was wrapped in. */
export type Unwrapped = {
  /** What it was wrapped in, the outermost first; the last one holds the XDM body or is the CloudEvent itself. */
  envelopes: readonly Record<string, unknown>[]
  /** The body of AEM's event proxy; undefined in any other event. */
  xdm: Record<string, unknown> | undefined
}

/** An entry of a journal holds a delivery, and that the event: two levels, and one to spare. */
export const maxEnvelopes = 4

/**
 * Finds the event in a delivery or an entry of a journal: by itself, or under `event`, once or more. The body of the
 * event proxy stands there, or, in its default format, under `data` of a CloudEvent.
 * Source: adobe/aio-lib-java `EventProviderConfig`; Adobe I/O Events, AEM events FAQ. It never throws.
 */
export function unwrap(raw: unknown): Unwrapped {
  const envelopes: Record<string, unknown>[] = []
  for (let next = raw; isRecord(next) && envelopes.length < maxEnvelopes; next = next.event) {
    envelopes.push(next)
    const xdm = [next, next.data].find(isXdm)
    if (xdm !== undefined) return { envelopes, xdm }
  }
  const at = envelopes.findIndex(({ type }) => type !== undefined)
  return { envelopes: at < 0 ? envelopes : envelopes.slice(0, at + 1), xdm: undefined }
}

const isXdm = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) &&
  (isRecord(value['activitystreams:object']) ||
    (typeof value['@type'] === 'string' && value['@type'].startsWith('xdm')))
