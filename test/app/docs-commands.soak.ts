import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { scripts } from '../../package.json'
import { declaredInputs, sampleApp } from '../../scripts/app-build'
import { root } from '../../scripts/command'
import { aioCommands, docLines, problemOf, runsOnSandbox } from './docs-commands'

const minutes = 60_000
const port = 19_870
const execute = promisify(execFile)
/** What `npx bridge` comes to, without the second that npm takes to find it out: one page takes npm's own. */
const quickNpx = `npx() { if [ "$1" = bridge ]; then ${JSON.stringify(join(root, 'cli/bin.cjs'))} "\${@:2}"; else command npx "$@"; fi; }`

/** Put in the place of what a reader fills in. */
const filledIn = (command: string, id: string): string =>
  command
    .replace(' [<id> ...]', '')
    .replaceAll('<id>', id)
    .replaceAll(
      '<address>',
      `http://127.0.0.1:${port + 6}/api/v1/web/12345-assetbridge-stage/asset-bridge/pim-events`,
    )
    .replaceAll('<who is told of suspensions>', 'you@example.com')
    .replace(/127\.0\.0\.1:98(\d\d)/g, (_, last: string) => `127.0.0.1:${port + Number(last) - 70}`)
    // Nobody answers here.
    .replace(/^npx bridge (?:dead-letters drop|akeneo suspend|akeneo delete)(?!.*--dry-run).*$/, '$& --yes')

test('every command that needs no sandbox is one that there is', async () => {
  const known = {
    inputs: new Set([...(await declaredInputs(sampleApp)), 'AKENEO_EVENTS_URL']),
    scripts: new Set(Object.keys(scripts)),
    aio: await aioCommands(),
  }
  const lines = (await docLines()).filter((line) => !runsOnSandbox(line))

  expect(lines.length).toBeGreaterThan(20)
  expect(
    lines.flatMap(({ page, command }) => {
      const problem = problemOf(command, known)
      return problem === undefined ? [] : [`${page}: ${command}: ${problem}`]
    }),
  ).toEqual([])
})

describe('on npm run sandbox', () => {
  let sandbox: ReturnType<typeof spawn>
  beforeAll(async () => {
    sandbox = spawn(
      process.execPath,
      [require.resolve('tsx/cli'), '--conditions=sample-config', 'sandbox/run.ts', '--port', String(port)],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await new Promise<void>((resolve, reject) => {
      let said = ''
      sandbox.stdout?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('is running')) resolve()
      })
      sandbox.once('close', () => reject(new Error(said)))
    })
  }, 5 * minutes)
  afterAll(async () => {
    const ended = new Promise((resolve) => sandbox.once('close', resolve))
    sandbox.kill('SIGTERM')
    await ended
  })

  test(
    'every page does what it says, from its first command to its last',
    async () => {
      const pages = Map.groupBy((await docLines()).filter(runsOnSandbox), ({ page }) => page)
      expect(pages.size).toBeGreaterThan(3)
      const [first] = pages.keys()
      for (const [page, lines] of pages) {
        const id = await leaveDeadLetter()
        for (const { command } of lines) expect(command).toMatch(/^[\x20-\x7e]+$/)
        const script = [
          `eval "$(curl -sf http://127.0.0.1:${port}/env)"`,
          ...(page === first ? [] : [quickNpx]),
          ...lines.map(({ command }) => filledIn(command, id).replace(/curl -s /g, 'curl -sf ')),
        ]
        const failure = await run(script).catch((error: unknown) => String(error))

        expect(`${page}: ${failure}`).toBe(`${page}: `)
      }
    },
    15 * minutes,
  )

  /** An event whose asset is not there. */
  async function leaveDeadLetter(): Promise<string> {
    const event = {
      type: 'aem.assets.asset.processing_completed',
      id: crypto.randomUUID(),
      source: 'docs',
      data: { repositoryMetadata: { 'repo:path': `/content/dam/gone-${Date.now()}.jpg` } },
    }
    const answer = await fetch(`http://127.0.0.1:${port}/events`, {
      method: 'POST',
      body: JSON.stringify(event),
    })
    const said: { deadLetter?: string } = JSON.parse(await answer.text())
    return String(said.deadLetter)
  }

  /** Runs the lines in one shell; says which one failed. */
  async function run(lines: readonly string[]): Promise<string> {
    const text = [
      'set -e',
      ...lines.flatMap((line) => [`echo ${JSON.stringify(`$ ${line}`).replace(/[$`]/g, '\\$&')}`, line]),
    ]
    const done = await execute('bash', ['-c', text.join('\n')], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
      maxBuffer: 50 * 1024 * 1024,
    }).catch((error: { stdout?: string; stderr?: string }) => error)
    return done instanceof Error ? `${done.stdout?.slice(-3000)}\n${done.stderr?.slice(-2000)}` : ''
  }
})
