import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startContainer } from '../../sandbox/runtime/container'
import { productionNode } from '../production-node'

/** A process that Runtime's invoker would speak to. */
export type Container = {
  /** @returns the body of a 200 @throws {Error} for any other answer */
  post(path: '/init' | '/run', message: unknown): Promise<string>
  kill(): Promise<void>
}

/** How containers are started, and how they get a bundle. */
export type Containers = {
  what: string
  start(env: Readonly<Record<string, string>>): Promise<Container>
  /** The fields of `/init` that carry a bundle: made before anything is measured. */
  codeOf(bundle: string): Promise<Record<string, unknown>>
  close(): Promise<void>
}

const timeoutMs = 60_000

/**
 * The sandbox's container: a process that speaks the protocol of Apache OpenWhisk's Node runtime, without Express. It gets
 * a folder in place of a zip.
 */
export function standInContainers(): Containers {
  const folders: string[] = []
  return {
    what: 'a process that speaks the protocol of the Node runtime of Apache OpenWhisk (sandbox/runtime/proxy.cjs)',
    codeOf: async (bundle) => {
      // Far from any node_modules.
      const folder = await mkdtemp(join(tmpdir(), 'bridge-bench-'))
      folders.push(folder)
      await cp(dirname(bundle), folder, { recursive: true })
      return { code: folder }
    },
    start: async (env) => {
      const container = await startContainer({
        env,
        memoryMb: 256,
        log: () => undefined,
        node: productionNode,
      })
      return {
        post: async (path, message) => {
          const answer = await container.post(path, message, timeoutMs)
          if (answer.kind === 'answer' && answer.status === 200) return answer.body
          throw new Error(`${path} ended as ${JSON.stringify(answer)}`)
        },
        kill: container.kill,
      }
    },
    close: async () => {
      for (const folder of folders) await rm(folder, { recursive: true })
    },
  }
}

/** The port of the runtime cannot be chosen. */
const runtimePort = 8080

/**
 * The Node runtime of Apache OpenWhisk itself: `app.js` of a checkout. It gets an archive, which it unpacks with `tar`.
 * @param folder `core/nodejsActionBase` of github.com/apache/openwhisk-runtime-nodejs, with its packages installed
 * @throws {Error} when it is not there
 */
export function openWhiskContainers(folder: string): Containers {
  if (!existsSync(join(folder, 'app.js')))
    throw new Error(
      `${folder} has no app.js: name core/nodejsActionBase of a checkout of openwhisk-runtime-nodejs`,
    )
  const works: string[] = []
  return {
    what: 'the Node runtime of Apache OpenWhisk (app.js of openwhisk-runtime-nodejs)',
    codeOf: async (bundle) => {
      const work = await mkdtemp(join(tmpdir(), 'bridge-bench-'))
      works.push(work)
      const archive = join(work, 'action.tar.gz')
      await promisify(execFile)('tar', ['-czf', archive, '-C', dirname(bundle), '.'])
      return { code: await readFile(archive, 'base64'), binary: true }
    },
    start: async (env) => {
      const work = await mkdtemp(join(tmpdir(), 'bridge-bench-'))
      works.push(work)
      const system = { PATH: process.env.PATH ?? '', HOME: work }
      const child = spawn(productionNode, ['--expose-gc', join(folder, 'app.js')], {
        cwd: work,
        env: { ...system, ...env },
        stdio: 'ignore',
      })
      const gone = new Promise((resolve) => child.once('close', resolve))
      while (!(await accepts(runtimePort))) {
        if (child.exitCode !== null) throw new Error(`the runtime in ${folder} ended with ${child.exitCode}`)
        await sleep(1)
      }
      return {
        post: async (path, message) => {
          const response = await fetch(`http://127.0.0.1:${runtimePort}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(message),
            signal: AbortSignal.timeout(timeoutMs),
          })
          const body = await response.text()
          if (response.status === 200) return body
          throw new Error(`${path} was answered with ${response.status} ${body}`)
        },
        kill: async () => {
          child.kill('SIGKILL')
          await gone
        },
      }
    },
    close: async () => {
      for (const work of works) await rm(work, { recursive: true })
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
