import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import { isRecord, parseJson } from '../../core/json'
import type { CheckedAuthor } from './aem-author'
import { type Check, failed, skipped, warning } from './checks'

/** A property that no asset has. */
const property = 'aem-asset-bridge-doctor'
/** An ETag that no asset has. */
const impossible = '"aem-asset-bridge-doctor"'

const remedy =
  'Grant rep:write on /content/dam to the service group of the credential, or add the administrators profile: the usual product profile only reads. New rights take effect with a new token.'

/**
 * Whether the account may write. Read-only, it follows from how AEM refuses a change: of a property that is not there,
 * under an ETag that cannot match, so that nothing changes whatever AEM does with it.
 */
export function writeChecks(open: () => CheckedAuthor, suffix: string, write: boolean): readonly Check[] {
  const names = { read: `aem.read${suffix}`, write: `aem.write${suffix}`, paths: `aem.paths${suffix}` }
  let accepted: unknown
  return [
    {
      name: names.write,
      needs: [names.read],
      remedy,
      run: (call) => (write ? writeAndRemove(call) : infer(call)),
    },
    {
      name: names.paths,
      needs: [names.write],
      remedy: 'Set AEM_PATCH_PATHS to auto, or to the style that the message names.',
      run: async () => {
        const style = styleOf(accepted)
        const { AEM_PATCH_PATHS: configured } = open().settings
        if (style === undefined) return skipped('Only a change shows how AEM takes paths: --write makes one.')
        if (configured === 'auto' || configured === style) return `AEM takes paths in the style ${style}.`
        return failed(
          'AEM_PATCH_PATHS_REFUSED',
          `AEM takes paths in the style ${style}, and AEM_PATCH_PATHS is ${configured}.`,
        )
      },
    },
  ]

  async function infer(call: CallContext) {
    const { assets, readSample } = open()
    const asset = await readSample(call)
    try {
      const answer = await assets.patchMetadata(
        { ...asset, etag: impossible },
        [{ op: 'remove', property }],
        call,
      )
      if (answer === 'conflict')
        return 'The account may write, as far as AEM compares the ETag first. --write proves it.'
      return failed('AEM_IGNORES_IF_MATCH', 'AEM took a change under an ETag that no asset has.')
    } catch (thrown) {
      const { code, message } = toBridgeError(thrown)
      if (code !== 'METADATA_REFUSED') throw thrown
      return warning(
        'AEM_WRITE_UNKNOWN',
        `AEM looks at the change before the ETag, so --write has to show it: ${message}`,
      )
    }
  }

  async function writeAndRemove(call: CallContext) {
    const { writer, readSample } = open()
    const { client, lastPatch } = writer()
    const before = await readSample(call)
    const added = await client.patchMetadata(before, [{ op: 'add', property, value: 'probe' }], call)
    if (added === 'conflict') return warning('AEM_CONFLICT', `${before.path} changed meanwhile; try again.`)
    const after = await readSample(call)
    const removed = await client.patchMetadata(after, [{ op: 'remove', property }], call)
    accepted = lastPatch()
    if (removed === 'written') return `The property ${property} of ${before.path} was written and removed.`
    return warning(
      'AEM_CONFLICT',
      `${before.path} changed meanwhile: remove its property ${property} by hand.`,
    )
  }
}

/** How the accepted change named its property. */
function styleOf(body: unknown): 'short' | 'full' | 'bare' | undefined {
  const operations = typeof body === 'string' ? parseJson(body) : undefined
  const [first]: readonly unknown[] = Array.isArray(operations) ? operations : []
  const path = isRecord(first) ? first.path : undefined
  if (typeof path !== 'string') return undefined
  if (path.startsWith('/assetMetadata/')) return 'full'
  return path.startsWith('/') ? 'short' : 'bare'
}
