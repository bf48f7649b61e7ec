import { InvalidArgumentError } from '@commander-js/extra-typings'
import { toBridgeError } from '../src/core/errors'
import { visible } from '../src/core/visible'
import type { ActivationSummary } from '../src/delivery/activation-logs'
import { inParallel } from '../src/flows/in-parallel'
import type { Environment } from './environment'
import { durationOf } from './filter'
import type { Program, Run } from './host'
import { type CommandResult, examples } from './output'
import { shownRecord } from './shown-record'

const day = { text: 'P1D', ms: 24 * 3_600_000 }
/** Each of the own ones costs a request. */
const maxActivations = 1_000
const atOnce = 8

/** Said whatever was found: who finds nothing must not take it for a fault. */
const note =
  'I/O Runtime keeps the log of activations that failed, and of those that nobody waited for. A delivery that succeeded leaves none.'

export function addLogs(program: Program, run: Run): void {
  program
    .command('logs')
    .description('log lines about an event or an asset, as far as I/O Runtime keeps them')
    .argument('<event id, asset id or path>', 'as the log names it', named)
    .option('--since <duration>', 'how far back, such as PT2H or 3d (default: P1D)', durationOf)
    .addHelpText(
      'after',
      `\n${note}\n${examples('logs /content/dam/shop/lamp.png', 'logs urn:aaid:aem:... --since P3D --json')}`,
    )
    .action((text, { since = day }) => run((environment) => show(environment, text, since)))
}

function named(text: string): string {
  if (text.trim() === '' || text.length > 4_096) throw new InvalidArgumentError('it names nothing')
  return text
}

type Found = ActivationSummary & { lines: readonly string[] }

async function show(environment: Environment, text: string, since: typeof day): Promise<CommandResult> {
  const { activationLogs, clock, redactor } = environment
  const { signal } = environment.call()
  const isAbout = mentioning(text, environment)
  const now = clock.now()
  const found: Found[] = []
  let [read, from, isLimit] = [0, now - since.ms, false]
  for await (const page of activationLogs.pages(now - since.ms, signal)) {
    const own: Found[] = []
    await inParallel([...page.own.entries()], atOnce, async ([index, activation]) => {
      const lines = await linesOf(environment, activation, signal)
      own[index] = { ...activation, lines: lines.filter(isAbout).map(redactor.text) }
    })
    found.push(...own.filter(({ lines }) => lines.length > 0))
    read += page.read
    isLimit = read >= maxActivations
    if (!isLimit) continue
    from = page.oldest
    break
  }
  const activations = found.reverse().map(({ start, ...one }) => ({ ...one, start: iso(start) }))
  const stopped = isLimit ? 'limit' : 'end'
  const where = isLimit ? `the limit of ${read} activations, at ${iso(from)}` : `${since.text} ago`
  return {
    data: shownRecord(
      { activations, read: { since: since.text, activations: read, from: iso(from), stopped }, note },
      environment,
    ),
    lines: [
      ...activations.flatMap(({ id, action, start, status, lines }) => [
        `${start}  ${action}  ${id}  ${status}`,
        ...lines.map((line) => `  ${line}`),
      ]),
      ...(activations.length === 0 ? [redactor.text(`no log line names ${text}`)] : []),
      `the activations were read back to ${where} (${read} activations)`,
      note,
    ],
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** A log may be gone before its record is. */
async function linesOf(
  { activationLogs }: Environment,
  { id }: ActivationSummary,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await activationLogs.lines(id, signal)
  } catch (thrown) {
    if (toBridgeError(thrown).status === 404) return []
    throw thrown
  }
}

/** Whether a line has the text as a value of its fields, in the form that `src/core/log-line.ts` gives it. */
function mentioning(text: string, { redactor }: Environment): (line: string) => boolean {
  const values = [text, redactor.text(text)].map((one) => visible(JSON.stringify(one)))
  return (line) => values.some((value) => line.includes(value))
}
