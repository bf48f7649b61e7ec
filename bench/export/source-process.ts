import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/command'
import type { BenchFile } from './content'

/** The stand-in of AEM in a process of its own. */
export type Source = { port: number; close(): void }

/** Starts it with these files. */
export function startSource(files: readonly BenchFile[]): Promise<Source> {
  const script = join(root, 'bench/export/source.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(files)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the source ended with ${code}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      const port = /ready (\d+)/.exec(chunk.toString())?.[1]
      if (port !== undefined) resolve({ port: Number(port), close: () => child.kill() })
    })
  })
}
