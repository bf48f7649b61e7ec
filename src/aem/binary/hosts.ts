import { systemicError } from '../../core/errors'
import { isLoopback } from '../../http/origin'

const blobStore = '.blob.core.windows.net'

/**
 * Resolves a redirect of AEM's download and checks its target: the author itself or Azure's blob store, by https. An
 * author on loopback may send to any port of loopback.
 * @throws {BridgeError} systemic, `AEM_REDIRECTS`, naming the host only, for the URL is a key
 */
export function checkRedirect(author: string, from: URL, location: string | undefined): URL {
  const target =
    location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined
  const origin = new URL(author)
  const allowed =
    target !== undefined &&
    target.username === '' &&
    target.password === '' &&
    (target.origin === author ||
      (target.protocol === 'https:' && target.port === '' && target.hostname.endsWith(blobStore)) ||
      (isLoopback(origin) && isLoopback(target)))
  if (allowed) return target
  throw systemicError(
    'AEM_REDIRECTS',
    `AEM redirects a download to ${target?.host || 'nowhere'}, which is neither the author nor its blob store: a login page, as a rule`,
    { upstream: 'AEM' },
  )
}
