import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../command'
import { generatedFiles } from '../generate/files'
import type { Step } from './step'

/** What is generated is what the declarations of inputs, config/ and sample-config/ say now. */
export const generated: Step = {
  name: 'generated',
  run: async () => {
    const wrong: string[] = []
    for (const [path, text] of await generatedFiles()) {
      const found = await readFile(join(root, path), 'utf8').catch(() => undefined)
      if (found !== text)
        wrong.push(`${path} ${found === undefined ? 'is missing' : `differs${whereIn(found, text)}`}`)
    }
    return wrong.length === 0 ? undefined : `${wrong.join('\n')}\nrun: npm run generate`
  },
}

/** The first line that differs. */
function whereIn(found: string, expected: string): string {
  const lines = found.split('\n')
  const index = expected.split('\n').findIndex((line, at) => line !== lines[at])
  return index < 0 ? '' : ` from line ${index + 1} on`
}
