import { isAbsolute } from 'node:path'
import { systemicError } from '../../core/errors'
import { shown } from '../../core/shown'
import type { DestinationFactory } from '../../plugin/destination'
import { treeDestination } from '../kit/tree-destination'
import { folderTree } from './tree'

/** A folder of the machine the app runs on: a mounted share, or a developer's disk. */
export type FolderOptions = {
  /** Absolute path; created when missing. @default input FOLDER_ROOT */
  root?: string
}

/** Creates the `folder` destination. */
export const folder = (options: FolderOptions = {}): DestinationFactory => ({
  isOn: (context) => (options.root ?? context.input('FOLDER_ROOT')) !== undefined,
  create: (context) => {
    const root =
      options.root ??
      context.requireInput('FOLDER_ROOT', 'set it to the absolute path of a folder, such as /mnt/dam')
    if (!isAbsolute(root)) {
      throw systemicError('INPUT_INVALID', `FOLDER_ROOT must be an absolute path, not ${shown(root, 200)}`)
    }
    const tree = folderTree(root, context.clock)
    return treeDestination('folder', (_call, work) => work(tree))
  },
})
