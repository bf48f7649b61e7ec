import type { Status } from '../app/status'
import { visible } from '../core/visible'
import { tally } from '../flows/overview'

/** OpenMetrics 1.0, section 5.2. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

type Labels = Readonly<Record<string, string>>
/** Labels are escaped. */
type Sample = { labels?: Labels; value: number }
type Family = { name: string; help: string; unit?: 'seconds'; samples: readonly Sample[] }

/**
 * A status as OpenMetrics text (OpenMetrics 1.0, section 3): each name begins with `asset_bridge_`, and each value is a
 * gauge. What is not known has no sample.
 */
export const openMetrics = (status: Status): string =>
  `${familiesOf(status)
    .filter(({ samples }) => samples.length > 0)
    .flatMap(linesOf)
    .join('\n')}\n# EOF\n`

function linesOf({ name: short, help, unit, samples }: Family): string[] {
  const name = `asset_bridge_${short}`
  return [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(({ labels = {}, value }) => `${name}${shownLabels(labels)} ${value}`),
  ]
}

function shownLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const maxLabel = 100

/** Codes and destinations may be those of others. */
const escaped = (value: string): string =>
  visible(value.slice(0, maxLabel)).toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"')

/** Names that look the same once they are cut are one: no two samples may have the same labels. */
const by = (label: string, counts: Readonly<Record<string, number>>, more: Labels = {}): Sample[] => {
  const sums = new Map<string, number>()
  for (const [name, count] of Object.entries(counts)) {
    const shown = escaped(name)
    sums.set(shown, (sums.get(shown) ?? 0) + count)
  }
  return [...sums].map(([shown, value]) => ({ labels: { ...more, [label]: shown }, value }))
}

const flag = (value: boolean): number => (value ? 1 : 0)
const secondsOf = (from: string, to: string): number =>
  Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)

function familiesOf({ ok, lagSeconds, parts, runs, deadLetters, pending, alerts }: Status): Family[] {
  const jobs = [...new Set(runs.map(({ job }) => job))]
  const last = runs.filter(({ job }, index) => runs.findIndex((run) => run.job === job) === index)
  const ages = jobs.flatMap((job): Sample[] => {
    const age = parts[job].lastSuccessAgeSeconds
    return age === undefined ? [] : [{ labels: { job }, value: age }]
  })
  const kept = jobs.flatMap((job) =>
    by('outcome', outcomesOf(runs.filter((run) => run.job === job)), { job }),
  )
  const failed = jobs.flatMap((job) =>
    by('code', tally(runs.flatMap((run) => (run.job === job && run.code !== undefined ? [run.code] : []))), {
      job,
    }),
  )
  return [
    { name: 'ok', help: '1 when all parts are in order.', samples: [{ value: flag(ok) }] },
    {
      name: 'part_ok',
      help: '1 when this part is in order.',
      samples: Object.entries(parts).map(([part, it]) => ({ labels: { part }, value: flag(it.ok) })),
    },
    {
      name: 'lag_seconds',
      unit: 'seconds',
      help: 'Whatever was written to the journal longer ago is accounted for.',
      samples: lagSeconds === null ? [] : [{ value: lagSeconds }],
    },
    {
      name: 'job_last_success_age_seconds',
      unit: 'seconds',
      help: 'Time since the last run that did not fail has ended.',
      samples: ages,
    },
    {
      name: 'job_last_run_duration_seconds',
      unit: 'seconds',
      help: 'How long the last run took.',
      samples: last.map(({ job, startedAt, endedAt }) => ({
        labels: { job },
        value: secondsOf(startedAt, endedAt),
      })),
    },
    {
      name: 'job_last_run_events',
      help: 'What became of the events of the last run.',
      samples: last.flatMap(({ job, counts }) => by('outcome', counts, { job })),
    },
    { name: 'job_runs', help: 'The runs on record, 20 a job at most, by outcome.', samples: kept },
    { name: 'job_run_errors', help: 'The failed runs on record by error code.', samples: failed },
    {
      name: 'alerts',
      help: 'Alerts that stand, by code.',
      samples: by('code', tally(alerts.map(({ code }) => code))),
    },
    { name: 'dead_letters', help: 'All dead letters.', samples: [{ value: deadLetters.total }] },
    {
      name: 'dead_letters_by_code',
      help: 'Dead letters that were read, by error code.',
      samples: by('code', deadLetters.byCode),
    },
    {
      name: 'dead_letters_by_destination',
      help: 'Dead letters that were read, by destination, or by action where there is none.',
      samples: by('destination', deadLetters.byDestination),
    },
    { name: 'pending', help: 'All parked work.', samples: [{ value: pending.total }] },
    {
      name: 'pending_by_code',
      help: 'Parked work that was read, by the error code of the last try.',
      samples: by('code', pending.byCode),
    },
    {
      name: 'pending_by_destination',
      help: 'Parked work that was read, by destination, or by action where there is none.',
      samples: by('destination', pending.byDestination),
    },
    {
      name: 'records_read',
      help: 'Records that were read for the numbers by code and by destination.',
      samples: [
        { labels: { records: 'dead-letters' }, value: deadLetters.read },
        { labels: { records: 'pending' }, value: pending.read },
      ],
    },
    {
      name: 'records_sampled',
      help: '1 when not all records were read.',
      samples: [
        { labels: { records: 'dead-letters' }, value: flag(deadLetters.sampled) },
        { labels: { records: 'pending' }, value: flag(pending.sampled) },
      ],
    },
  ]
}

const outcomesOf = (runs: Status['runs']): Record<string, number> => tally(runs.map(({ outcome }) => outcome))
