import { permanentError } from '../core/errors'
import { shown } from '../core/shown'

const root = '/content/dam/'
const maxBytes = 4096

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => {
    const code = character.charCodeAt(0)
    return code < 0x20 || code === 0x7f
  })
}

/**
 * Checks that a decoded repository path stays below `/content/dam/` and is in its normal form.
 * @throws {BridgeError} permanent, `ASSET_PATH_INVALID`
 */
export function checkAssetPath(path: string): string {
  const segments = path.slice(1).split('/')
  const valid =
    path.startsWith(root) &&
    path.isWellFormed() &&
    Buffer.byteLength(path) <= maxBytes &&
    !hasControlCharacter(path) &&
    segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  if (!valid) {
    throw permanentError(
      'ASSET_PATH_INVALID',
      `the asset path ${shown(path, 200)} is not a normal path below ${root}`,
    )
  }
  return path
}

/** Where a rendition of an asset is, percent-encoded for a URL. */
export const renditionPath = (path: string, name: string): string =>
  `${encodeAssetPath(checkAssetPath(path))}/jcr:content/renditions/${encodeURIComponent(name)}`

/** Percent-encodes each segment of a checked path for a URL. */
export const encodeAssetPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
