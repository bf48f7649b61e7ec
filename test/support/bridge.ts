import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Receiver } from './receiver'

const root = join(__dirname, '../..')

export type BridgeRun = { code: number | null; stdout: string; stderr: string }

/** The command as the operator types it, in a process of its own, in front of a sandbox. */
export const createBridge =
  (receiver: () => Pick<Receiver, 'sandbox'>) =>
  (args: readonly string[], env: Record<string, string> = {}): Promise<BridgeRun> => {
    const { sandbox } = receiver()
    const child = spawn(
      process.execPath,
      [require.resolve('tsx/cli'), join(root, 'cli/bridge.ts'), ...args],
      {
        cwd: root,
        env: { PATH: process.env.PATH, ...sandbox.operatorEnv(), ...env },
      },
    )
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  }
