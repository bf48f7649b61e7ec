import type { CallContext } from '../core/call-context'
import { shown } from '../core/shown'
import { parseOrigin } from '../http/origin'
import type { AuthorHosts } from './author-host'

/** Each host is told once a container; more than these are not an operator's mistake. */
const maxTold = 50
const told = new Set<string>()

/**
 * The origin for a host as an event names it, as `hosts.resolve`. A refused host is told to the operator: its events
 * become dead letters, and nobody else would say so.
 * @throws {BridgeError} permanent, `HOST_NOT_ALLOWED`
 */
export function resolveAuthor(hosts: AuthorHosts, host: unknown, call: CallContext): string {
  try {
    return hosts.resolve(host)
  } catch (thrown) {
    tellRefusedHost(host, hosts.origins, call)
    throw thrown
  }
}

/** Tells the operator of a host that is none of the origins, once a container. */
export function tellRefusedHost(host: unknown, origins: readonly string[], { logger }: CallContext): void {
  const name = shown(host, 200)
  if (told.has(name) || told.size >= maxTold) return
  told.add(name)
  logger.error(messageFor(host, origins), { code: 'HOST_NOT_ALLOWED', host: name })
}

function messageFor(host: unknown, origins: readonly string[]): string {
  const begin = 'events name an author that is not in AEM_AUTHOR_URLS, and become dead letters'
  const origin = typeof host === 'string' && hostName.test(host) ? parseOrigin(`https://${host}`) : undefined
  if (typeof origin !== 'string') return `${begin}; what they name is no host that could be added`
  const publish = origins.find((one) => one.includes('//publish-'))
  const instead = publish === undefined ? '' : `, in place of ${publish}, which is not an author`
  return `${begin}: if it is yours, add ${origin} to AEM_AUTHOR_URLS${instead}, deploy, and replay them`
}

const hostName = /^[a-z0-9][a-z0-9.-]{0,250}(:[0-9]{1,5})?$/i
