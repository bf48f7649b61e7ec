import { ageText, el, svg, table, timeText } from './dom.js'

/** @typedef {import('../view').RunView} RunView */
/** @typedef {{ name: string, value: number }} Part */
/** @typedef {{ label: string, parts: readonly Part[] }} Bar */

const width = 640
const height = 180
const [left, bottom, top] = [72, 26, 14]

/** What counts are drawn in; all others are drawn as `other`. */
const known = ['done', 'updated', 'unchanged', 'skipped', 'parked', 'deadLettered', 'failed', 'lag']

/** @param {string} name */
const classOf = (name) => (known.includes(name) ? name : 'other')

/**
 * Bars over time, oldest first, each divided into its parts.
 * @param {{ title: string, bars: readonly Bar[], shown: (value: number) => string, ends: readonly [string, string] }} chart
 */
function barChart({ title, bars, shown, ends }) {
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))
  const most = Math.max(1, ...totals)
  const step = (width - left) / Math.max(1, bars.length)
  const scale = (height - bottom - top) / most
  const drawn = bars.map(({ label, parts }, index) => {
    let y = height - bottom
    const pieces = parts.flatMap(({ name, value }) => {
      if (value <= 0) return []
      const size = Math.max(2, value * scale)
      y -= size
      const at = { x: left + index * step + step * 0.12, y, width: Math.min(step * 0.76, 40), height: size }
      return [svg('rect', { ...at, class: `bar-${classOf(name)}` })]
    })
    return svg('g', {}, svg('title', {}, label), ...pieces)
  })
  const base = height - bottom
  const lines = [0, 0.5, 1].flatMap((part) => {
    const y = base - part * most * scale
    return [
      svg('line', { x1: left, x2: width, y1: y, y2: y, class: 'grid' }),
      svg('text', { x: left - 6, y: y + 4, 'text-anchor': 'end' }, shown(part * most)),
    ]
  })
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title, class: 'chart' },
    ...lines,
    ...drawn,
    svg('text', { x: left, y: height - 4 }, ends[0]),
    svg('text', { x: width, y: height - 4, 'text-anchor': 'end' }, ends[1]),
  )
}

/** @param {RunView} run */
const secondsOf = ({ startedAt, endedAt }) =>
  Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000)

/** @param {RunView} run */
const sumOf = ({ counts }) => Object.values(counts).reduce((sum, value) => sum + value, 0)

/** @param {RunView} run */
function rateOf(run) {
  const seconds = secondsOf(run)
  return seconds < 1 ? '' : `, ${Math.round((sumOf(run) / seconds) * 60)} a minute`
}

/** @param {RunView} run */
const countsText = ({ counts }) =>
  Object.entries(counts)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || 'nothing'

/**
 * The runs of one job: what they did, and the lag that they left.
 * @param {string} job
 * @param {readonly RunView[]} newestFirst
 */
export function runCharts(job, newestFirst) {
  const runs = [...newestFirst].reverse()
  const [first, last] = [runs[0], runs.at(-1)]
  if (first === undefined || last === undefined) return [el('p', { class: 'quiet' }, `No report of ${job}.`)]
  /** @type {readonly [string, string]} */
  const ends = [timeText(first.startedAt), timeText(last.startedAt)]
  const names = [...new Set(runs.flatMap(({ counts }) => Object.keys(counts)))]
  const did = {
    title: `${job}: what each of the last ${runs.length} runs did. The last one: ${countsText(last)}`,
    bars: runs.map((run) => ({
      label: `${timeText(run.startedAt)}: ${countsText(run)} in ${ageText(secondsOf(run))}${rateOf(run)}`,
      parts: names.map((name) => ({ name, value: run.counts[name] ?? 0 })),
    })),
    shown: (/** @type {number} */ value) =>
      String(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10),
    ends,
  }
  const lags = runs.filter(({ lagSeconds }) => lagSeconds !== null)
  const lag = {
    title: `${job}: the lag that each run left. The last one: ${ageText(lags.at(-1)?.lagSeconds ?? 0)}`,
    bars: lags.map(({ startedAt, lagSeconds }) => ({
      label: `${timeText(startedAt)}: ${ageText(lagSeconds ?? 0)}`,
      parts: [{ name: 'lag', value: lagSeconds ?? 0 }],
    })),
    shown: ageText,
    ends,
  }
  const legend = names.map((name) =>
    el('span', { class: 'key' }, el('i', { class: `key-${classOf(name)}` }), name),
  )
  const didNothing = runs.every((run) => sumOf(run) === 0)
  return [
    didNothing
      ? el('p', { class: 'quiet' }, `No run of ${job} on record had anything to do.`)
      : figure(`Throughput of ${job}`, barChart(did), el('p', { class: 'legend' }, ...legend)),
    ...(lags.length === 0 ? [] : [figure(`Lag after ${job}`, barChart(lag))]),
    el(
      'details',
      { class: 'wide', 'data-key': `runs-${job}` },
      el('summary', { 'data-key': `runs-summary-${job}` }, `Runs of ${job} as a table (${runs.length})`),
      runTable(job, newestFirst),
    ),
  ]
}

/**
 * @param {string} title
 * @param {...Node} children
 */
const figure = (title, ...children) => el('figure', {}, el('figcaption', {}, title), ...children)

/**
 * @param {string} job
 * @param {readonly RunView[]} runs
 */
const runTable = (job, runs) =>
  table(
    `Runs of ${job}, newest first`,
    ['Started', 'Outcome', 'Took', 'Counts', 'Lag', 'Reason'],
    runs.map((run) => [
      timeText(run.startedAt),
      run.outcome,
      ageText(secondsOf(run)),
      countsText(run),
      run.lagSeconds === null ? '' : ageText(run.lagSeconds),
      run.code === undefined ? '' : `${run.code}: ${run.message ?? ''}`,
    ]),
  )
