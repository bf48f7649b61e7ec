import type { Receiver } from './receiver'
import { type Loader, runTypeScript, type ScriptRun } from './run-typescript'

/** The command in a process of its own, in front of a sandbox; with `tsx` as the operator types it. */
export const createBridge =
  (receiver: () => Pick<Receiver, 'sandbox'>, loader: Loader = 'quick') =>
  (args: readonly string[], env: Record<string, string> = {}): Promise<ScriptRun> =>
    runTypeScript('cli/bridge.ts', args, {
      loader,
      env: { PATH: process.env.PATH, ...receiver().sandbox.operatorEnv(), ...env },
    })
