import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server in a process and a folder of its own. */
export type ServerProcess = {
  /** As it printed it, no slash at the end. */
  url: string
  folder: string
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

/**
 * Starts a script on the Node that runs this process, and waits until it prints where it listens.
 * @param args made from the folder that the server may use
 * @param listens matches host and port, or a URL, in what it prints
 */
export async function startServerProcess(
  script: string,
  args: (folder: string) => readonly string[],
  listens: RegExp,
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-server-'))
  const child = spawn(process.execPath, [script, ...args(folder)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const close = async (): Promise<void> => {
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const found = await printed(child, listens)
    const url = found.startsWith('http') ? found : `http://${found}`
    return { url, folder, close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
      const found = pattern.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
