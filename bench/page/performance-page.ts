import { cells } from '../harness/print'
import type { Result } from '../harness/result-file'
import { summaryOf } from '../harness/summary'

const head = ['figure', 'ours', 'rival', 'times better', 'aim']

const introduction = `# Performance

<!-- Written by \`npm run bench -- page\` from the files in docs/performance/. Do not edit. -->

What the app costs, how that grows, and how it compares with doing the same in the usual way. Each figure comes from the
command that stands with it. Ours and the rival run in turn on one machine, against the same stand-ins; builds are not
counted. A figure is the median of the rounds, with the least and the most in brackets. *Times better* is the
ratio of each round's pair, so it is above 1 where ours is better.

Ratios carry over to other machines, times do not. The stand-ins answer at once, or after a fixed time where a row says so:
what AEM, a PIM or a destination takes comes on top, for both sides alike.`

const remaining = `## What costs most now

From processor profiles of a warm event, of a drained journal, of an export and of a backfill in step:

- **A warm event** is mostly its requests: writing to sockets, Node's HTTP and node-fetch, and the garbage that they leave. Less
  of it needs a slimmer HTTP client than node-fetch 2 ([record 0011](decisions/0011-node-fetch-2-stays.md)).
- **An export of a large file** is bound by one thread: the SHA-1 that AEM gives is computed of each byte, and SFTP encrypts
  on the same thread. A worker thread for the SHA-1 would need memory of its own. S3 with an endpoint of its own is asked
  before each file, since not every server takes conditions.
- **A sweep looks again at what it has written**: the next runs find that it was changed, as they find any change, and read it
  once more or twice. To leave that out it would have to remember what it wrote. The command line spends seconds on its
  start, most of them on loading.
- **A burst** is bound by the processor of its container once AEM and the PIM take what comes: by what a warm event costs. In
  its first second it is bound by what is not known yet about AEM, which publishes no limit
  ([record 0020](decisions/0020-how-many-requests-by-how-aem-answers.md)).

What was tried and did not help: letting \`pim-events\` wait longer for a fuller batch kept more requests open than I/O Runtime
takes at once, and it refused some. Searching AEM for more at once helped a backfill by workers little, until first writes
shared one proof.`

const comparisons = `## Before and after

What single changes brought: the row on this code against the row on an older commit.`

/** The page, from the results in the order given. */
export function performancePage(results: readonly Result[]): string {
  const rows = results.filter(({ row }) => !isComparison(row))
  const compared = results.filter(({ row }) => isComparison(row))
  const parts = [
    introduction,
    ...aims(rows),
    ...rows.map((result) => section('##', result)),
    remaining,
    ...(compared.length === 0 ? [] : [comparisons, ...compared.map((result) => section('###', result))]),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Each aim and what came of it. */
function aims(results: readonly Result[]): string[] {
  const lines = results.flatMap(({ figures }) =>
    figures.flatMap((figure) => {
      const [name, ours, , ratio, aim] = cells(summaryOf(figure))
      if (aim === undefined || aim === '') return []
      return `| ${name} | ${figure.aim !== undefined && 'times' in figure.aim ? `${ratio} times` : ours} | ${aim} |`
    }),
  )
  return lines.length === 0
    ? []
    : ['## In short', ['| figure | found | aim |', '| --- | --: | --: |', ...lines].join('\n')]
}

/** The file of a plot, below docs/performance. */
export const plotFile = (row: string, plot: string): string => `${row}-${plot}.svg`

const isComparison = (row: string): boolean => row.startsWith('compare-')

function section(level: string, result: Result): string {
  const { row, question, rival, command, at, commit, machine, figures, plots, notes } = result
  const { cpu, cores, memoryGb, arch, node } = machine
  const where = `${at.slice(0, 10)}, commit ${commit}, ${cpu}, ${cores} cores, ${memoryGb} GB, ${arch}, Node ${node}`
  return [
    `${level} ${question}`,
    `\`\`\`text\n${command}\n\`\`\``,
    ...(rival === undefined ? [] : [`**Rival**: ${rival}`]),
    table(figures.map((figure) => cells(summaryOf(figure)))),
    ...plots.map(({ name, title }) => `![${title}](performance/${plotFile(row, name)})`),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
    `*${where}*`,
  ].join('\n\n')
}

function table(rows: readonly (readonly string[])[]): string {
  const used = head.map((_, column) => rows.some((one) => one[column] !== ''))
  const line = (texts: readonly string[]): string => `| ${texts.filter((_, at) => used[at]).join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}
