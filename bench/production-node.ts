import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/command'

/** The Node that the actions are deployed on (24), from the optional dependency for this machine; else this process's. */
export const productionNode: string =
  [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]
    .map((name) => join(root, 'node_modules', name, 'bin/node'))
    .find((path) => existsSync(path)) ?? process.execPath
