import { akeneo } from '../src/destinations/akeneo'
import { azure } from '../src/destinations/azure'
import { campaign } from '../src/destinations/campaign'
import { folder } from '../src/destinations/folder'
import { https } from '../src/destinations/https'
import { pathBelowDam } from '../src/destinations/key'
import { marketo } from '../src/destinations/marketo'
import { s3 } from '../src/destinations/s3'
import { sftp } from '../src/destinations/sftp'
import { defineDestinations } from '../src/exports'

export default defineDestinations({
  destinations: {
    akeneo: akeneo(),
    azure: azure(),
    campaign: campaign(),
    folder: folder(),
    https: https(),
    marketo: marketo(),
    s3: s3(),
    sftp: sftp(),
  },
  key: pathBelowDam(),
  renditions: [],
  sidecar: false,
  onUnpublish: 'keep',
  onDelete: 'keep',
})
