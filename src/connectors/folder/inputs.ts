import { isAbsolute } from 'node:path'
import { declareInputs, type Parsed } from '../../plugin/inputs'

/** The input of a folder destination, behind its prefix. */
export const folderInputs = declareInputs({
  ROOT: {
    meaning:
      'The absolute path of a folder of the machine that the actions run on; it is created when missing.',
    required: 'unless config/destinations.ts names the folder',
    example: '/mnt/dam',
    shape: absolutePath,
  },
})

function absolutePath(text: string): Parsed<string> {
  return isAbsolute(text)
    ? { value: text }
    : { problem: `must be an absolute path, not ${JSON.stringify(text)}` }
}
