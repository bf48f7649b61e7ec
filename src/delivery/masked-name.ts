import { createHash } from 'node:crypto'
import type { Redactor } from '../core/redaction'

/** A URL with user or query may be a key in itself. No decoder takes one for a path, an id of an asset or a host. */
const urlWithSecrets = /^\s*[a-z][a-z0-9+.-]*:\/\/.*[?@]/is

/** What a masked name ends with, so that the ids of records that are made of it stay the same. */
const mark = /#masked-[0-9a-f]{32}$/

const markOf = (name: string): string =>
  `#masked-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`

/** A member of an event that says which event or asset it is, as a record keeps it: masked where it may be a key. */
export function maskedName(name: string, redactor: Redactor): string {
  if (!urlWithSecrets.test(name)) return name
  const before = mark.exec(name)?.[0]
  const rest = before === undefined ? name : name.slice(0, -before.length)
  const masked = redactor.text(rest)
  return masked === rest ? name : `${masked}${before ?? markOf(name)}`
}

/** What a name is identified by: the same for the name as it came, and for what a record keeps of it. */
export const identityOf = (name: string): string =>
  mark.exec(name)?.[0] ?? (urlWithSecrets.test(name) ? markOf(name) : name)
