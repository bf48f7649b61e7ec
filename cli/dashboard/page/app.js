import { assetInAddress, showAsset } from './asset.js'
import { byId, visible } from './dom.js'
import { showHealth, showOverview, showSurroundings } from './overview.js'
import { createRecords } from './records.js'
import { look, problemText } from './server.js'

const overviewMs = 10_000
const healthMs = 300_000

const { letters, pending } = createRecords(() => void overview.now())

/** @param {import('../view').OverviewView} view */
function drawOverview(view) {
  showOverview(view)
  letters(view.deadLetters)
  pending(view.pending)
  byId('live').textContent = `Up to date at ${new Date(view.at).toLocaleTimeString()}`
}

const overview = watch('data/overview', overviewMs, drawOverview)
const health = watch('data/health', healthMs, showHealth)
const surroundings = watch('data/surroundings', healthMs, showSurroundings)

/**
 * Looks again and again while somebody may see it, and at once when the page comes into view.
 * @template T
 * @param {string} route
 * @param {number} everyMs
 * @param {(view: T) => void} draw
 */
function watch(route, everyMs, draw) {
  let isBusy = false
  let last = Number.NEGATIVE_INFINITY
  const now = async () => {
    if (isBusy) return
    isBusy = true
    try {
      draw(await look(route))
      trouble(route, '')
    } catch (thrown) {
      trouble(route, problemText(thrown))
    } finally {
      last = performance.now()
      isBusy = false
    }
  }
  const due = () => {
    if (document.visibilityState === 'visible' && performance.now() - last >= everyMs) void now()
  }
  setInterval(due, 1_000)
  document.addEventListener('visibilitychange', due)
  due()
  return { now }
}

/** @type {Map<string, string>} */
const troubles = new Map()

/**
 * @param {string} route
 * @param {string} text empty when all is well
 */
function trouble(route, text) {
  if (text === '') troubles.delete(route)
  else troubles.set(route, text)
  const place = byId('trouble')
  place.textContent = visible([...new Set(troubles.values())].join(' '))
  place.hidden = troubles.size === 0
}

byId('check').addEventListener('click', async () => {
  byId('health-at').textContent = 'asking all parties ...'
  await Promise.all([health.now(), surroundings.now()])
})

const input = byId('asset-name')
byId('asset-form').addEventListener('submit', (event) => {
  event.preventDefault()
  if (!(input instanceof HTMLInputElement)) return
  const name = input.value.trim()
  const same = assetInAddress() === name
  window.location.hash = `asset=${encodeURIComponent(name)}`
  if (same) void showAsset(name)
})

function followAddress() {
  const name = assetInAddress()
  if (name === undefined) return
  if (input instanceof HTMLInputElement) input.value = name
  void showAsset(name)
}
window.addEventListener('hashchange', followAddress)
followAddress()
