import { join } from 'node:path'
import { sampleRoot } from '../../scripts/command'

/** What `aio app build` makes of the action: a folder with index.js and what that loads later. */
export const generic = join(sampleRoot, 'dist/application/actions/asset-bridge/generic-temp')
