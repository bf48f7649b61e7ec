import { akeneo } from '../src/destinations/akeneo'
import { azure } from '../src/destinations/azure'
import { folder } from '../src/destinations/folder'
import { https } from '../src/destinations/https'
import { pathBelowDam } from '../src/destinations/key'
import { s3 } from '../src/destinations/s3'
import { sftp } from '../src/destinations/sftp'
import { defineDestinations } from '../src/exports'

export default defineDestinations({
  destinations: {
    akeneo: akeneo(),
    azure: azure(),
    folder: folder(),
    https: https(),
    s3: s3(),
    sftp: sftp(),
  },
  key: pathBelowDam(),
  renditions: [],
  sidecar: false,
  onUnpublish: 'keep',
  onDelete: 'keep',
})
