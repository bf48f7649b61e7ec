import type { DestinationFactory } from '../../plugin/destination'
import { isSet, prefixed, valuesOf, withOptions } from '../../plugin/inputs'
import { treeDestination } from '../kit/tree-destination'
import { folderInputs } from './inputs'
import { folderTree } from './tree'

/** A folder of the machine the app runs on: a mounted share, or a developer's disk. */
export type FolderOptions = {
  /** Absolute path; created when missing. @default input FOLDER_ROOT */
  root?: string
  /** Begin of the input's name: `FOLDER` for `FOLDER_ROOT`. A second folder needs its own. @default 'FOLDER' */
  inputs?: string
}

/** Creates the `folder` destination. */
export const folder = ({ root, inputs = 'FOLDER' }: FolderOptions = {}): DestinationFactory => ({
  inputs: prefixed(inputs, folderInputs),
  docs: 'docs/connectors/folder.md',
  isOn: (context) => root !== undefined || isSet(folderInputs, 'ROOT', context, inputs),
  create: (context) => {
    const source = withOptions(context, inputs, { ROOT: root })
    const { ROOT } = valuesOf(folderInputs, source, { prefix: inputs, required: ['ROOT'] })
    const tree = folderTree(ROOT, { inputs })
    const where =
      root === undefined ? `${inputs}_ROOT` : `${inputs}_ROOT, or the option root in config/destinations.ts`
    return treeDestination(context.name, (_call, work) => work(tree), {
      redactor: context.redactor,
      root: where,
      hint: `check ${where}`,
    })
  },
})
