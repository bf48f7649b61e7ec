import { systemicError } from '../../core/errors'
import type { DestinationContext } from '../../plugin/destination'

/**
 * Reads the folder in a container or bucket that files go to, as `folder/`; empty when unset.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming the input
 */
export function readPrefix({ input }: DestinationContext, name: string): string {
  const segments = (input(name) ?? '').split('/').filter((segment) => segment !== '')
  // A URL loses such segments, and the files would end up elsewhere.
  if (segments.some((segment) => /^\.{1,2}$|[\\\p{Cc}]/u.test(segment))) {
    throw systemicError('INPUT_INVALID', `${name} must be a folder such as exports/aem, without . or ..`)
  }
  return segments.map((segment) => `${segment}/`).join('')
}
