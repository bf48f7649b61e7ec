import { type DestinationFactory, named } from '../../plugin/destination'
import { prefixed } from '../../plugin/inputs'
import { connectionInputs } from './inputs'
import { openAkeneo } from './media/access'
import { akeneoAssets } from './media/assets'
import { isAkeneoOn, mediaInputs, type AkeneoOptions as Places, readAkeneoDestination } from './media/inputs'
import { akeneoProductMedia } from './media/product-media'

/** Akeneo PIM: assets of its Asset Manager, links to AEM in them, or an attribute of products. */
export type AkeneoOptions = Places & {
  /** What assets call it: the key in config/destinations.ts. @default the key */
  name?: string
  /** Begin of the inputs' names: `AKENEO` for `AKENEO_URL` and its like. A second PIM needs its own. @default 'AKENEO' */
  inputs?: string
  /** How long Akeneo may take no byte of a file, or give no answer to it, in milliseconds. @default 60000 */
  idleMs?: number
}

/** Creates the `akeneo` destination. */
export const akeneo = ({ inputs = 'AKENEO', ...options }: AkeneoOptions = {}): DestinationFactory => ({
  ...named(options),
  inputs: prefixed(inputs, { ...connectionInputs, ...mediaInputs }),
  docs: 'docs/connectors/akeneo-destination.md',
  isOn: (context) => isAkeneoOn(context, options, inputs),
  create: (context) => {
    const { idleMs = 60_000 } = options
    const { name } = context
    const settings = readAkeneoDestination(context, options, inputs)
    const access = openAkeneo(settings.connection, context, idleMs)
    return 'family' in settings
      ? akeneoAssets(settings, access, name)
      : akeneoProductMedia(settings, access, context)
  },
})
