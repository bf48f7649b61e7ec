import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { type Dashboard, startDashboard } from '../../cli/dashboard/server'
import { root } from '../../scripts/command'
import { environmentOf } from './commands'
import type { Receiver } from './receiver'

/** The dashboard in this process, in front of a sandbox. */
export const startTestDashboard = (
  { sandbox }: Pick<Receiver, 'sandbox'>,
  env: Readonly<Record<string, string>> = {},
): Promise<Dashboard> => startDashboard(environmentOf({ ...sandbox.operatorEnv(), ...env }), 0)

/** An answer as it came. */
export type RawAnswer = {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  bytes: Buffer
}

/** Sends a request whose path and headers are sent as they are. */
export function ask(
  { url }: Pick<Dashboard, 'url'>,
  path: string,
  options: { method?: string; headers?: Readonly<Record<string, string>>; body?: string } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (bytes: Buffer) => chunks.push(bytes))
      answer.once('error', reject)
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(chunks) }),
      )
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** A part of a PNG (W3C, PNG 3rd edition, 5.3). */
function chunk(type: string, data: Buffer): Buffer {
  const part = Buffer.concat([Buffer.from(type), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(part))
  return Buffer.concat([length, part, sum])
}

function picture(width: number, height: number): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  // Eight bits of each red, green and blue.
  head.set([8, 2], 8)
  const line = (y: number) => [0, ...Array.from({ length: width }, (_, x) => [x, y, 160]).flat()]
  const lines = Buffer.from(Array.from({ length: height }, (_, y) => line(y)).flat())
  const parts = [chunk('IHDR', head), chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts])
}

/** A picture of 240 by 160 pixels. */
export const png = picture(240, 160)

/**
 * `npx bridge dashboard` in a process of its own.
 * @returns where it is, and what ends it as Ctrl-C does and gives its exit code
 */
export async function startBridgeDashboard({ sandbox }: Pick<Receiver, 'sandbox'>) {
  const quick = ['--conditions=sample-config', '--require', join(root, 'test/support/typescript.cjs')]
  const child = spawn(process.execPath, [...quick, join(root, 'cli/bridge.ts'), 'dashboard', '--json'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...sandbox.operatorEnv() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += String(text)
    if (said.trimEnd().endsWith('}')) break
  }
  const { url, port }: { url: string; port: number } = JSON.parse(said)
  const end = async (): Promise<unknown> => {
    const closed = once(child, 'close')
    child.stdout.resume()
    child.kill('SIGINT')
    const [code] = await closed
    return code
  }
  return { url, port, end }
}
