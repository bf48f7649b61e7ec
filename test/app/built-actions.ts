import { join } from 'node:path'

/** What `aio app build` makes of the action: a folder with one index.js. */
export const generic = join(__dirname, '../../dist/application/actions/asset-bridge/generic-temp')
