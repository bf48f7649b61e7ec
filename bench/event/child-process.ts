import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import * as v from 'valibot'
import { profiledEnv } from '../harness/profiled-env'

/** A process that answers each message with one. */
export type Peer = {
  /** @throws {Error} when the process ends without an answer, with what it said last */
  ask<T>(message: Serializable, schema: v.GenericSchema<unknown, T>): Promise<T>
  /** Resolves when the process is gone. */
  close(): Promise<void>
}

/**
 * Starts a process of Node that says something when it is ready.
 * @throws {Error} when it ends before that
 */
export async function startPeer<T>(
  script: string,
  options: {
    args?: readonly string[]
    execPath?: string
    execArgv?: readonly string[]
    env?: NodeJS.ProcessEnv
    ready: v.GenericSchema<unknown, T>
  },
): Promise<Peer & { said: T }> {
  const { args = [], execPath = process.execPath, execArgv = [], env = process.env, ready } = options
  const child = fork(script, args, {
    execPath,
    execArgv: [...execArgv],
    env: { ...env, ...profiledEnv },
    // What it logs is written, and read by nobody.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-5_000)
  })
  const answer = async <A>(schema: v.GenericSchema<unknown, A>): Promise<A> =>
    v.parse(schema, await messageOf(child, () => `${script} ended:\n${said}`))
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    // It ends by itself then, and writes what it has to.
    child.disconnect()
    await gone
  }
  try {
    return {
      said: await answer(ready),
      ask: (message, schema) => {
        child.send(message)
        return answer(schema)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function messageOf(child: ChildProcess, ended: () => string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off('close', onClose)
      resolve(message)
    }
    const onClose = (): void => {
      child.off('message', onMessage)
      reject(new Error(ended()))
    }
    child.once('message', onMessage)
    child.once('close', onClose)
  })
}
