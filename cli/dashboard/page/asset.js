import { ageText, byId, el, fill, pill, table, timeText } from './dom.js'
import { look, problemText } from './server.js'

/** @typedef {import('../view').AssetView} AssetView */

/** The asset that `#asset=` names; undefined when the address names none. */
export function assetInAddress() {
  const { hash } = window.location
  if (!hash.startsWith('#asset=')) return undefined
  try {
    return decodeURIComponent(hash.slice('#asset='.length))
  } catch {
    return undefined
  }
}

let latest = 0

/**
 * Shows what is known of an asset.
 * @param {string} name path or id
 */
export async function showAsset(name) {
  const mine = ++latest
  const view = byId('asset-view')
  fill(view, el('p', { class: 'quiet' }, `Looking at ${name} ...`))
  byId('asset').focus()
  try {
    /** @type {AssetView} */
    const asset = await look(`data/asset?name=${encodeURIComponent(name)}`)
    if (mine === latest) fill(view, ...partsOf(asset))
  } catch (thrown) {
    if (mine === latest) fill(view, el('p', { class: 'problem' }, problemText(thrown)))
  }
}

/** @param {AssetView} view */
function partsOf(view) {
  const { asset, inStep, skipped, match, problems = [] } = view
  const asked = match.candidates.join(', ') || 'none'
  return [
    el(
      'div',
      { class: 'asset' },
      pictureOf(view),
      el(
        'div',
        {},
        el('h3', {}, asset.path ?? asset.id ?? ''),
        el('p', { class: 'quiet' }, [asset.id, asset.host].filter(Boolean).join(' \u00b7 ')),
        el('p', {}, inStep ? pill('ok', 'in step') : pill('failed', 'not in step')),
        ...problems.map(({ code, message }) =>
          el('p', { class: 'problem' }, el('code', {}, code), ` ${message}`),
        ),
        skipped === undefined ? null : el('p', {}, `Skipped: ${skipped}`),
        el(
          'p',
          {},
          match.rule === null
            ? `No product. Candidates: ${asked}`
            : `Rule ${match.rule} found ${asked}; products: ${match.products.join(', ') || 'none'}`,
        ),
      ),
    ),
    ...tablesOf(view),
  ]
}

/** @param {AssetView} view */
function pictureOf({ asset: { path, id, host } }) {
  const name = id ?? path
  if (host === null || name === null) return null
  const query = new URLSearchParams({ name, host })
  const image = el('img', { src: `picture?${query}`, alt: '', class: 'picture' })
  image.addEventListener('error', () =>
    image.replaceWith(el('p', { class: 'picture none quiet' }, 'No picture that can be shown')),
  )
  return image
}

/** @param {AssetView} view */
function tablesOf({ changes, destinations, deadLetters, pending, events, journal }) {
  const records = [
    ...deadLetters.map((it) => ({ ...it, kind: 'dead letter' })),
    ...pending.map((it) => ({ ...it, kind: 'parked' })),
  ]
  const read = journal.read.map(({ entries, until, stopped }) =>
    stopped === 'end'
      ? `The journal was read to its end (${entries} entries).`
      : `The journal was read to the limit of ${entries} entries, at ${until}.`,
  )
  return [
    changes.length === 0
      ? null
      : table(
          'What would be written',
          ['Property', 'Action', 'Now', 'Then', 'Rule', 'Why'],
          changes.map((it) => [
            it.property,
            it.action,
            valueText(it.old),
            it.action === 'keep' ? '' : valueText(it.new),
            it.rule,
            it.why,
          ]),
        ),
    destinations.length === 0
      ? null
      : table(
          'Destinations',
          ['Name', 'Due', 'State', 'Key', 'Why'],
          destinations.map((it) => [it.name, it.due ? 'yes' : 'no', it.state, it.key ?? '', it.why]),
        ),
    records.length === 0
      ? null
      : table(
          'On record',
          ['Kind', 'For', 'Code', 'Reason', 'Age'],
          records.map((it) => [
            it.kind,
            it.destination ?? it.action,
            it.code ?? '',
            it.message ?? '',
            ageText(it.age),
          ]),
        ),
    events.length === 0
      ? el('p', { class: 'quiet' }, 'No event of it in the journal of the last day.')
      : table(
          'Events in the journal',
          ['Time', 'Type', 'Id', 'Problem'],
          events.map((it) => [it.time === null ? '' : timeText(it.time), it.type, it.id, it.problem ?? '']),
        ),
    ...read.map((line) => el('p', { class: 'quiet' }, line)),
  ]
}

/** @param {unknown} value */
const valueText = (value) => (typeof value === 'string' ? value : JSON.stringify(value))
