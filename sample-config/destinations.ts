import { akeneo } from '../src/connectors/akeneo/destination'
import { azure } from '../src/connectors/azure/destination'
import { campaign } from '../src/connectors/campaign/destination'
import { folder } from '../src/connectors/folder/destination'
import { https } from '../src/connectors/https/destination'
import { marketo } from '../src/connectors/marketo/destination'
import { s3 } from '../src/connectors/s3/destination'
import { sftp } from '../src/connectors/sftp/destination'
import { defineDestinations } from '../src/plugin/destinations'
import { pathBelowDam } from '../src/plugin/key'

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
