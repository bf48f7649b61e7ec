import type { Destination, DestinationFactory } from '../../plugin/destination'
import { flatName } from '../../plugin/flat-name'
import { type SftpOptions, sftp } from '../kit/sftp/destination'

/** The SFTP storage of an instance of Adobe Campaign. */
export type CampaignOptions = Omit<SftpOptions, 'inputs'> & {
  /** Begin of the inputs' names. A second instance needs its own. @default 'CAMPAIGN_SFTP' */
  inputs?: string
  /** All files in one folder, as a workflow's file transfer reads one: `shop/Lamp.png` becomes `Lamp_3f9a0c1d2e4b.png`. @default false */
  flat?: boolean
}

/** Creates the `campaign` destination: an SFTP server with inputs of its own. */
export const campaign = ({
  inputs = 'CAMPAIGN_SFTP',
  flat = false,
  ...options
}: CampaignOptions = {}): DestinationFactory => {
  const factory = { ...sftp({ ...options, inputs }), docs: 'docs/connectors/campaign.md' }
  return flat ? withFlatNames(factory) : factory
}

const withFlatNames = (factory: DestinationFactory): DestinationFactory => ({
  ...factory,
  create: (context) => {
    const inner = factory.create(context)
    // What was made from a key does not tell the key, so a flat folder cannot be listed.
    const { head, remove, list: _, ...rest } = inner
    const flat: Destination = {
      ...rest,
      put: (key, source, options, call) => inner.put(flatName(key), source, options, call),
    }
    if (head !== undefined) flat.head = (key, call) => head(flatName(key), call)
    if (remove !== undefined) flat.remove = (key, call) => remove(flatName(key), call)
    return flat
  },
})
