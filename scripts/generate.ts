import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './command'
import { generatedFiles } from './generate/files'

/** `npm run generate`: writes the files that follow from the declarations of inputs, config/ and sample-config/. */
async function generate(): Promise<void> {
  for (const [path, text] of await generatedFiles()) {
    const before = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (before !== text) await writeFile(join(root, path), text)
    console.log(`${before === text ? 'as it was' : 'written'}  ${path}`)
  }
}

generate().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
