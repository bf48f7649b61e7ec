import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { arch, cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { root } from '../../scripts/command'
import type { Findings, Row } from './row'

const axis = v.object({ label: v.string(), log: v.optional(v.literal(true)) })
const count = v.pipe(v.number(), v.minValue(0))

const schema = v.object({
  row: v.string(),
  question: v.string(),
  rival: v.optional(v.string()),
  command: v.string(),
  at: v.pipe(v.string(), v.isoTimestamp()),
  commit: v.string(),
  machine: v.object({ cpu: v.string(), cores: count, memoryGb: count, arch: v.string(), node: v.string() }),
  figures: v.array(
    v.object({
      name: v.string(),
      unit: v.string(),
      better: v.picklist(['less', 'more']),
      ours: v.array(v.number()),
      rival: v.optional(v.array(v.number())),
      aim: v.optional(
        v.union([
          v.strictObject({ times: v.number() }),
          v.strictObject({ atMost: v.number() }),
          v.strictObject({ atLeast: v.number() }),
        ]),
      ),
    }),
  ),
  plots: v.array(
    v.object({
      name: v.string(),
      title: v.string(),
      x: axis,
      y: axis,
      lines: v.array(v.object({ name: v.string(), points: v.array(v.tuple([v.number(), v.number()])) })),
    }),
  ),
  notes: v.array(v.string()),
})

/** What a row found, when, where, and how to find it again. */
export type Result = v.InferOutput<typeof schema>

export const outFolder = join(root, 'bench/out')

/**
 * Writes `<row>.json`.
 * @param folder bench/out, unless another one is given
 */
export async function writeResult(
  row: Pick<Row, 'name' | 'question' | 'rival'>,
  findings: Findings,
  command: string,
  folder = outFolder,
): Promise<Result> {
  const { figures, plots = [], notes = [] } = findings
  const result = v.parse(schema, {
    row: row.name,
    question: row.question,
    rival: row.rival,
    command,
    at: new Date().toISOString(),
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1024 ** 3),
      arch: arch(),
      node: process.version,
    },
    figures: figures.map((figure) => ({
      ...figure,
      ours: figure.ours.map(round),
      ...(figure.rival === undefined ? {} : { rival: figure.rival.map(round) }),
    })),
    plots,
    notes,
  })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `${row.name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  return result
}

/** @throws {Error} when the file is not there, or holds no result */
export async function readResult(path: string): Promise<Result> {
  const parsed = v.safeParse(schema, JSON.parse(await readFile(path, 'utf8')))
  if (parsed.success) return parsed.output
  throw new Error(`${path} holds no result of a benchmark: ${v.summarize(parsed.issues)}`)
}

/** Five digits: more are noise, and make a file unreadable. */
const round = (figure: number): number => Number(figure.toPrecision(5))

/** The commit, with a mark when something of the tree is not in it. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short=10', 'HEAD')}${changed ? ' and changes' : ''}`
  } catch {
    return 'unknown'
  }
}
