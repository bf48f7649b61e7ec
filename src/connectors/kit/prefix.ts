import type { Shape } from '../../plugin/inputs'

/** Reads the folder in a container or bucket that files go to, as `folder/`. */
export const prefixShape: Shape<string> = (text) => {
  const segments = text.split('/').filter((segment) => segment !== '')
  // A URL loses such segments, and the files would end up elsewhere.
  if (segments.some((segment) => /^\.{1,2}$|[\\\p{Cc}]/u.test(segment))) {
    return { problem: 'must be a folder such as exports/aem, without . or ..' }
  }
  return { value: segments.map((segment) => `${segment}/`).join('') }
}
