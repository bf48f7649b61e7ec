import { authorHosts } from '#declared-inputs'
import { shown } from '../core/shown'
import { isLoopback } from '../http/origin'
import type { Shape } from '../inputs/declaration'
import { origin } from '../inputs/shapes'

/** An author of AEM as a Cloud Service: of an environment, of one in Adobe's staging, or of a rapid development environment. */
const cloudAuthor = /^author-p\d+-e\d+(-cmstg|-rde[a-z0-9-]*)?\.adobeaemcloud\.com$/

/**
 * Origins that may get the token: authors of AEM as a Cloud Service, this machine, and the hosts that are listed. The
 * list is a part of the build, so that no input, from wherever it comes, sends the token anywhere else.
 * @param listed hosts, with the port where it is not the usual one
 */
export const authorOriginIn =
  (listed: readonly string[]): Shape<string> =>
  (text) => {
    const parsed = origin(text)
    if ('problem' in parsed) return parsed
    const url = new URL(parsed.value)
    if (isLoopback(url) || cloudAuthor.test(url.host) || listed.includes(url.host)) return parsed
    return {
      problem: `${shown(parsed.value, 200)} is no author of AEM as a Cloud Service (author-p<n>-e<n>.adobeaemcloud.com): if it is yours, add '${url.host.slice(0, 200)}' to authorHosts in config/deployment.ts, run npm run generate, and deploy`,
    }
  }

/** The origin of an author, with the hosts that `config/deployment.ts` lists. */
export const authorOrigin: Shape<string> = (text) => authorOriginIn(authorHosts)(text)
