import { type Clock, systemClock } from '../../core/clock'
import type { DestinationFactory } from '../../plugin/destination'
import { openAkeneo } from './media/access'
import { akeneoAssets } from './media/assets'
import { isAkeneoOn, type AkeneoOptions as Places, readAkeneoDestination } from './media/inputs'
import { akeneoProductMedia } from './media/product-media'

/** Akeneo PIM: assets of its Asset Manager, links to AEM in them, or an attribute of products. */
export type AkeneoOptions = Places & {
  /** What assets call it. @default 'akeneo' */
  name?: string
  /** How long Akeneo may take no byte of a file, or give no answer to it, in milliseconds. @default 60000 */
  idleMs?: number
  /** @default the machine's own time */
  clock?: Clock
}

/** Creates the `akeneo` destination. */
export const akeneo = (options: AkeneoOptions = {}): DestinationFactory => ({
  isOn: (context) => isAkeneoOn(context, options),
  create: (context) => {
    const { name = 'akeneo', idleMs = 60_000, clock = systemClock } = options
    const settings = readAkeneoDestination(context, options)
    const access = openAkeneo(settings.connection, context, { idleMs, clock })
    return 'family' in settings
      ? akeneoAssets(settings, access, name)
      : akeneoProductMedia(settings, access, name)
  },
})
