import { ageText, assetLink, button, byId, el, fill, timeText } from './dom.js'
import { change, problemText } from './server.js'

/** @typedef {import('../view').RecordView} RecordView */
/** @typedef {import('../view').RecordsView} RecordsView */
/** @typedef {{ text: string, route: string, destroys?: string, asksForMany?: string }} Work */

/** @type {readonly Work[]} */
const letterWorks = [
  { text: 'Replay', route: 'do/dead-letters/replay', asksForMany: 'Process {them} again?' },
  { text: 'Drop', route: 'do/dead-letters/drop', destroys: 'Forget {them}? This cannot be undone.' },
]
/** @type {readonly Work[]} */
const pendingWorks = [
  { text: 'Run', route: 'do/pending/run', asksForMany: 'Do {them} now, from this machine?' },
]

/**
 * The lists of dead letters and of parked work.
 * @param {() => void} changed is called after something was done
 */
export function createRecords(changed) {
  const letters = createList('dead-letters-view', 'dead letter', letterWorks, changed)
  const pending = createList('pending-view', 'piece of work', pendingWorks, changed)
  return { letters, pending }
}

/**
 * @param {string} id
 * @param {string} noun
 * @param {readonly Work[]} works
 * @param {() => void} changed
 * @returns {(records: RecordsView) => void} shows records
 */
function createList(id, noun, works, changed) {
  /** @type {RecordsView} */
  let records = { total: 0, shown: [] }
  const busy = new Set()
  const search = el('input', { type: 'search', id: `${id}-search`, autocomplete: 'off', spellcheck: 'false' })
  const count = el('p', { class: 'quiet' })
  const result = el('div', { role: 'status', class: 'result' })
  const many = el('p', { class: 'bar' })
  const list = el('ul', { class: 'records' })
  const filter = el('p', { class: 'bar' }, el('label', { for: `${id}-search` }, 'Only those with'), search)
  byId(id).append(filter, count, many, result, list)
  search.addEventListener('input', draw)
  return (now) => {
    records = now
    draw()
  }

  function draw() {
    const wanted = records.shown.filter((record) => matches(record, search.value))
    filter.hidden = records.total === 0
    count.textContent = countText(wanted.length)
    const some = wanted.length > 1 ? works : []
    fill(many, ...some.map((work) => workButton(work, wanted, `${work.text} all ${wanted.length} shown`)))
    fill(list, ...wanted.map(itemOf))
  }

  /** @param {number} wanted */
  function countText(wanted) {
    if (records.total === 0) return `There is no ${noun}.`
    const newest =
      records.shown.length < records.total ? `, of which the newest ${records.shown.length} are listed` : ''
    const filtered = wanted < records.shown.length ? `; ${wanted} of them match` : ''
    return `${records.total} in all${newest}${filtered}`
  }

  /** @param {RecordView} record */
  function itemOf(record) {
    const { path, code = 'not tried yet', message = '', destination, action, age, tries, nextTry } = record
    const facts = [
      destination ?? action,
      `${ageText(age)} old`,
      `tries: ${tries}`,
      nextTry === undefined ? '' : `next not before ${timeText(nextTry)}`,
    ]
    return el(
      'li',
      {},
      el('p', { class: 'what' }, path === undefined ? 'an asset without a path' : assetLink(path)),
      el('p', {}, el('code', {}, code), ` ${message}`),
      el('p', { class: 'quiet' }, facts.filter(Boolean).join(' \u00b7 ')),
      el('p', { class: 'bar' }, ...works.map((work) => workButton(work, [record], work.text))),
    )
  }

  /**
   * @param {Work} work
   * @param {readonly RecordView[]} chosen
   * @param {string} text
   */
  function workButton(work, chosen, text) {
    const [first] = chosen
    const key = chosen.length === 1 ? `${work.text}-${first?.id}` : `${work.text}-all`
    const name = chosen.length === 1 ? `${text} ${first?.path ?? first?.id}` : text
    const element = button(text, () => void run(work, chosen), {
      'data-key': key,
      'aria-label': name,
      class: work.destroys === undefined ? 'plain' : 'danger',
    })
    element.disabled = chosen.some((record) => busy.has(record.id))
    return element
  }

  /**
   * @param {Work} work
   * @param {readonly RecordView[]} chosen
   */
  async function run({ text, route, destroys, asksForMany }, chosen) {
    const question = destroys ?? (chosen.length > 1 ? asksForMany : undefined)
    const [first] = chosen
    const them = chosen.length === 1 ? `the ${noun} of ${first?.path ?? first?.id}` : `these ${chosen.length}`
    if (
      question !== undefined &&
      !(await ask(
        question.replace('{them}', () => them),
        text,
      ))
    )
      return
    const ids = chosen.map((record) => record.id)
    for (const one of ids) busy.add(one)
    draw()
    fill(result, el('p', {}, `${text}: ${ids.length} in work ...`))
    try {
      const { items } = await change(route, ids)
      const failed = items.filter(({ ok }) => !ok)
      const lines = items.map((item) => el('li', {}, `${item.outcome}: ${item.message}`))
      const head = `${text}: ${items.length - failed.length} of ${items.length} done`
      fill(result, el('p', {}, head), el('ul', {}, ...lines.slice(0, 20)))
    } catch (thrown) {
      fill(result, el('p', {}, `${text}: ${problemText(thrown)}`))
    }
    for (const one of ids) busy.delete(one)
    draw()
    changed()
  }
}

/**
 * @param {RecordView} record
 * @param {string} text
 */
function matches({ path = '', code = '', destination = '', action, message = '' }, text) {
  const all = [path, code, destination, action, message].join(' ').toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}

/**
 * Asks before something is lost. Escape and Cancel are no.
 * @param {string} question
 * @param {string} yes
 * @returns {Promise<boolean>}
 */
function ask(question, yes) {
  const dialog = byId('question')
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(false)
  const [no, go] = [byId('question-no'), byId('question-yes')]
  fill(byId('question-text'), question)
  fill(go, yes)
  dialog.returnValue = ''
  no.onclick = () => dialog.close('')
  go.onclick = () => dialog.close('yes')
  dialog.showModal()
  no.focus()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
