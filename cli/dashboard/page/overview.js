import { runCharts } from './charts.js'
import { ageText, byId, el, fill, pill, table, timeText } from './dom.js'

/** @typedef {import('../view').OverviewView} OverviewView */
/** @typedef {import('../view').HealthView} HealthView */
/** @typedef {import('../view').CheckView} CheckView */
/** @typedef {import('../view').SurroundingsView} SurroundingsView */
/** @typedef {import('../view').ProblemView} ProblemView */

/** @param {OverviewView} overview */
export function showOverview({ workspace, ok, lagSeconds, parts, runs, deadLetters, pending, destinations }) {
  byId('workspace').textContent = workspace
  const wrong = Object.entries(parts).filter(([, part]) => !part.ok)
  fill(
    byId('tiles'),
    tile('Records and runs', pill(ok ? 'ok' : 'failed', ok ? 'ok' : wrong.map(([name]) => name).join(', '))),
    tile('Lag', lagSeconds === null ? 'no run yet' : ageText(lagSeconds)),
    tile('Dead letters', deadLetters.total),
    tile('Parked work', pending.total),
    ...wrong.map(([name, { message = '' }]) =>
      el('p', { class: 'problem wide' }, el('code', {}, name), ` ${message}`),
    ),
  )
  const jobs = ['export-batch', 'reconcile']
  const charts = jobs.flatMap((job) =>
    runCharts(
      job,
      runs.filter((run) => run.job === job),
    ),
  )
  fill(byId('runs-view'), ...charts)
  fill(
    byId('destinations-view'),
    table(
      'By destination, of the records that are listed above',
      ['Name', 'Set up', 'Parked', 'Dead letters', 'Last failure', 'Reason'],
      destinations.map(({ name, isSetUp, parked, deadLetters: dead, last }) => [
        name,
        isSetUp ? 'yes' : 'no',
        parked,
        dead,
        last === null ? 'none on record' : timeText(last.at),
        last === null ? '' : `${last.code}: ${last.message}`,
      ]),
    ),
    el(
      'p',
      { class: 'quiet' },
      'What was stored leaves no record: the view of an asset asks each destination what it holds.',
    ),
  )
}

/**
 * @param {string} title
 * @param {Node | string | number} value
 */
const tile = (title, value) =>
  el('div', { class: 'tile' }, el('span', { class: 'quiet' }, title), el('strong', {}, value))

/** @type {readonly CheckView['status'][]} */
const worstFirst = ['failed', 'warning', 'ok', 'skipped']

/** @param {HealthView} health */
export function showHealth({ at, checks }) {
  byId('health-at').textContent = `as of ${timeText(at)}`
  const parties = Map.groupBy(checks, ({ name }) => name.split('.')[0] ?? name)
  const cards = [...parties].map(([party, all]) => ({
    party,
    all,
    worst: worstFirst.find((status) => all.some((check) => check.status === status)) ?? 'skipped',
  }))
  cards.sort((a, b) => worstFirst.indexOf(a.worst) - worstFirst.indexOf(b.worst))
  fill(
    byId('health-view'),
    ...cards.map(({ party, all, worst }) => {
      const isWrong = (/** @type {CheckView} */ { status }) => status === 'failed' || status === 'warning'
      const rest = all.filter((check) => !isWrong(check))
      return el(
        'article',
        { class: `card ${worst}` },
        el('h3', {}, `${party} `, pill(worst, worst)),
        ...all.filter(isWrong).map(finding),
        rest.length === 0
          ? null
          : el(
              'details',
              { 'data-key': `d-${party}` },
              el(
                'summary',
                { 'data-key': `s-${party}` },
                rest.length === all.length
                  ? all.length === 1
                    ? '1 finding'
                    : `${all.length} findings`
                  : `${rest.length} more`,
              ),
              ...rest.map(finding),
            ),
      )
    }),
  )
}

/** @param {CheckView} check */
const finding = ({ name, status, code, message, remedy }) =>
  el(
    'div',
    { class: 'finding' },
    el('p', {}, el('b', {}, name), ` ${status} `, code === undefined ? null : el('code', {}, code)),
    el('p', {}, message),
    remedy === undefined ? null : el('p', { class: 'remedy' }, remedy),
  )

/** @param {SurroundingsView} surroundings */
export function showSurroundings({ registrations, akeneo }) {
  fill(
    byId('events-view'),
    'problem' in registrations
      ? problem('Registrations', registrations.problem)
      : table(
          'Registrations at I/O Events',
          ['Name', 'Delivers to', 'Health', 'Status'],
          registrations.items.map(({ name, target, health, status }) => [
            name,
            target,
            pill(health === 'ok' ? 'ok' : health === 'unstable' ? 'warning' : 'failed', health),
            status,
          ]),
        ),
    akeneo === null
      ? el('p', { class: 'quiet' }, 'The app takes no events of Akeneo.')
      : 'problem' in akeneo
        ? problem('Akeneo', akeneo.problem)
        : akeneo.items.length === 0
          ? el('p', { class: 'quiet' }, 'There is no subscription at Akeneo.')
          : table(
              'Subscriptions at Akeneo',
              ['Subscriber', 'Ours', 'Status', 'Sends to', 'Events'],
              akeneo.items.map(({ subscriber, isOwn, status, url, events }) => [
                subscriber,
                isOwn ? 'yes' : 'no',
                pill(status === 'active' ? 'ok' : 'failed', status),
                url,
                events.join(', '),
              ]),
            ),
  )
}

/**
 * @param {string} what
 * @param {ProblemView} why
 */
const problem = (what, { code, message }) =>
  el('p', { class: 'problem' }, `${what}: `, el('code', {}, code), ` ${message}`)
