import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startSandbox } from '../../sandbox/sandbox'
import { root } from '../../scripts/command'
import { partsOfReport, writesIn } from '../../src/flows/plan/report-file'

/** With SOAK_ASSETS=100000 SOAK_KILLS=20 it takes a quarter of an hour. */
const assets = Number(process.env.SOAK_ASSETS ?? 2_400)
const kills = Number(process.env.SOAK_KILLS ?? 4)
/** A page has less than twice the assets that were asked for. */
const largestPage = 200
const maxBytes = 200 * 1024 * 1024

it(`a backfill of ${assets} assets survives ${kills} kills`, async () => {
  const sandbox = await startSandbox({ aem: { assets } })
  const { aem, pim, state } = sandbox
  const directory = await mkdtemp(join(tmpdir(), 'backfill-'))
  const report = join(directory, 'report.jsonl')
  const seen = { reads: 0, patches: 0, searches: 0, pim: 0, checkpoints: 0, keys: new Set<string>() }
  /** What the stand-ins recorded is counted and let go. */
  const count = (): void => {
    for (const { method, path } of aem.requests.splice(0)) {
      if (path.startsWith('/bin/querybuilder')) seen.searches += 1
      else if (method === 'PATCH') seen.patches += 1
      else if (path.endsWith('/metadata')) seen.reads += 1
    }
    seen.pim += pim.requests.splice(0).length
    for (const { method, path } of state.requests.splice(0)) {
      if (method !== 'PUT') continue
      const key = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
      seen.keys.add(key)
      if (key.startsWith('backfill.')) seen.checkpoints += 1
    }
  }
  const env = {
    PATH: process.env.PATH,
    NODE_OPTIONS: '--conditions=sample-config',
    ...sandbox.operatorEnv(),
    PIM_COMMUNICATOR: 'rest',
    PIM_REST_URL: `${pim.url}/search?sku={identifiers}`,
    PIM_REST_HEADERS: `X-Api-Key: ${pim.apiKey}`,
    PIM_REST_PRODUCT: '/items',
    PIM_REST_IDENTIFIER: '/sku',
  }
  let peak = 0
  const start = (...more: readonly string[]): { child: ChildProcess; ended: Promise<string> } => {
    const args = ['backfill', 'enrich', '--folder', '/content/dam/library', '--rate', '100000', ...more]
    // As npx runs it: its first line says how.
    const command = join(root, 'cli/bin.cjs')
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit']
    const child = spawn(command, [...args, '--json', '--yes'], { cwd: root, env, stdio })
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    return { child, ended: new Promise((resolve) => child.once('close', () => resolve(stdout))) }
  }
  const watch = async (child: ChildProcess, until: () => boolean): Promise<void> => {
    while (child.exitCode === null && child.signalCode === null && !until()) {
      await wait(20)
      count()
      peak = Math.max(peak, await highWaterOf(child.pid ?? 0))
    }
  }

  try {
    const pagesAKill = Math.max(1, Math.floor(assets / largestPage / (kills + 2)))
    const begun = Date.now()
    for (let kill = 0; kill < kills; kill++) {
      const { child, ended } = start('--report', report)
      const from = seen.checkpoints
      await watch(child, () => seen.checkpoints - from > pagesAKill)
      await wait(Math.random() * 100)
      expect(child.exitCode).toBeNull()
      child.kill('SIGKILL')
      await ended
    }
    const last = start('--report', report)
    await watch(last.child, () => false)
    const result = JSON.parse(await last.ended)
    count()
    const first = { ...seen, keys: [...seen.keys].map((key) => key.replace(/[0-9a-f]{16}$/, '<id>')) }
    const seconds = Math.round((Date.now() - begun) / 1_000)

    expect(result).toMatchObject({ checked: assets, failed: 0, done: true })
    expect(first.reads).toBeLessThanOrEqual(assets + kills * largestPage)
    // This PIM takes fifty products a call, and the remainder of a page is a call of its own.
    expect(first.pim).toBeLessThanOrEqual((assets / 50) * 1.1 + kills * 4)
    expect(first.keys.sort()).toEqual(['backfill.<id>', 'lease.backfill.<id>'])
    expect(peak).toBeLessThan(maxBytes)
    // Every change is in the report, those of pages that a kill interrupted, too.
    const changed = new Set<string>()
    for (const part of await partsOfReport(report)) {
      for (const { asset } of await writesIn(report, part)) changed.add(asset.id)
    }
    expect(changed.size).toBe(first.patches)

    const figures = { ...first, peakMb: Math.round(peak / 1024 / 1024), seconds }
    process.stderr.write(`${JSON.stringify({ assets, kills, result, ...figures })}\n`)
    Object.assign(seen, { reads: 0, patches: 0, searches: 0, pim: 0, checkpoints: 0 })
    const again = start()
    await watch(again.child, () => false)
    const inStep = JSON.parse(await again.ended)
    count()
    expect(inStep).toMatchObject({ checked: assets, written: 0, failed: 0, done: true })
    expect(seen.patches).toBe(0)
    expect(seen.pim).toBeLessThanOrEqual((assets / 50) * 1.1)
    const { keys: _, ...second } = seen
    process.stderr.write(`${JSON.stringify({ inStep, ...second })}\n`)
  } finally {
    await sandbox.close()
    await rm(directory, { recursive: true, force: true })
  }
}, 3_600_000)

/** The most memory that the command has had; nothing until it is the command, and no copy of this process any more. */
async function highWaterOf(pid: number): Promise<number> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return command.includes('bin.cjs') ? Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024 : 0
}
