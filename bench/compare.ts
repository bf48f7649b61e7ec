import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../scripts/command'
import { inTurn } from './harness/in-turn'
import { printResult } from './harness/print'
import { type Result, readResult, writeResult } from './harness/result-file'
import type { Figure } from './harness/row'

const run = promisify(execFile)

/**
 * `npm run bench -- compare <ref> <row> [--options]`: runs a row here and at another commit in turn, without rivals, and
 * prints how many times better here is. Builds go before, and are not counted.
 * @param args what both sides are run with
 * @throws {Error} when the commit is unknown, or has no such row
 */
export async function compare(
  names: readonly string[],
  args: readonly string[],
  rounds: number,
): Promise<void> {
  const [ref, row, ...more] = names
  if (ref === undefined || row === undefined || more.length > 0)
    throw new Error('Usage: npm run bench -- compare <ref> <row> [--rounds=3] [options of the row]')
  const own = args.filter((argument) => !argument.startsWith('--rounds=') && argument !== '--ours-only')
  const { commit, folder, remove } = await checkOut(ref)
  try {
    const side = (checkout: string) => (): Promise<Result> => runRow(checkout, row, own)
    const { ours, rival } = await inTurn(
      { ours: side(root), rival: side(folder) },
      { rounds, oursOnly: false },
    )
    const [first] = ours
    if (first === undefined) throw new Error('nothing was measured')
    const result = await writeResult(
      { name: `compare-${row}`, question: first.question, rival: `the same row at ${commit}` },
      { figures: paired(ours, rival) },
      `npm run bench -- ${['compare', commit, row, ...own].join(' ')}`,
    )
    printResult(result)
  } finally {
    await remove()
  }
}

/** Each figure that both have, with the middle of each run as a sample. Aims are about rivals, so they are left out. */
function paired(ours: readonly Result[], theirs: readonly Result[]): Figure[] {
  const samples = (results: readonly Result[], name: string): number[] =>
    results.flatMap(({ figures }) => figures.find((it) => it.name === name)?.ours ?? [])
  return (ours[0]?.figures ?? []).flatMap(({ name, unit, better }) => {
    const rival = samples(theirs, name)
    return rival.length === 0 ? [] : [{ name, unit, better, ours: samples(ours, name), rival }]
  })
}

async function runRow(checkout: string, row: string, args: readonly string[]): Promise<Result> {
  const command = ['run', '--silent', 'bench', '--', row, '--ours-only', '--rounds=1', ...args]
  // Beside the checkout's own results, which stay.
  const out = join(checkout, 'bench/out/compare')
  command.push(`--out=${out}`)
  await new Promise<void>((resolve, reject) => {
    const child = spawn('npm', command, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output = `${output}${chunk}`.slice(-5_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`the row ${row} failed in ${checkout}:\n${output}`))
    })
  })
  return readResult(join(out, `${row}.json`))
}

/** Another commit in a folder of its own, with the packages that it needs. */
async function checkOut(ref: string): Promise<{ commit: string; folder: string; remove(): Promise<void> }> {
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', args, { cwd: root })).stdout.trim()
  const commit = await git('rev-parse', '--verify', '--quiet', '--short=10', `${ref}^{commit}`).catch(() => {
    throw new Error(`git knows no commit "${ref}"`)
  })
  const folder = join(await mkdtemp(join(tmpdir(), 'bridge-bench-')), commit)
  await git('worktree', 'add', '--detach', folder, commit)
  const lock = (checkout: string): Promise<string> => readFile(join(checkout, 'package-lock.json'), 'utf8')
  if ((await lock(folder)) === (await lock(root)))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  else await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, maxBuffer: 64 * 1024 ** 2 })
  return {
    commit,
    folder,
    remove: async () => {
      await git('worktree', 'remove', '--force', folder)
      await rm(join(folder, '..'), { recursive: true, force: true })
    },
  }
}
