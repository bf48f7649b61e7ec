import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { NamedAsset } from '../src/app/explain'

/** For an argument that names an asset; checked before anything is opened. */
export function namedAsset(text: string): NamedAsset {
  if (text.startsWith('/content/dam/')) return { path: text }
  if (/^urn:aaid:aem:[0-9a-z-]+$/i.test(text)) return { id: text }
  throw new InvalidArgumentError(`${text} is neither a path below /content/dam/ nor an id urn:aaid:aem:...`)
}

/** For an argument of several assets. */
export const namedAssets = (
  text: string,
  before: readonly NamedAsset[] | undefined,
): readonly NamedAsset[] => [...(before ?? []), namedAsset(text)]
