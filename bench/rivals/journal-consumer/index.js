// What export-batch is measured against: the usual consumer of a journal, on Adobe's own libraries, one event after the
// other. In its favour: a hundred events a page, one token for the run, connections reused, a file that the destination
// has in this version is not copied, and the cursor is written once a page. Nothing here is an example to follow.
const { createHash } = require('node:crypto')
const { mkdir, readFile, rename, writeFile } = require('node:fs/promises')
const { dirname, join } = require('node:path')
const Events = require('@adobe/aio-lib-events')
const State = require('@adobe/aio-lib-state')
const { boundCredentials, imsToken } = require('../ims-token')

async function main(params) {
  const token = await imsToken(boundCredentials(params), fetch)
  const { ADC_CECREDENTIALS_ORGID: org, ADC_CECREDENTIALS_CLIENTID: apiKey, JOURNAL_URL: url } = params
  const [events, state] = [await Events.init(org, apiKey, token, { retries: 3 }), await State.init()]
  const cursorKey = `cursor.${createHash('sha256').update(url).digest('hex')}`
  let since = (await state.get(cursorKey))?.value
  let done = 0
  for (;;) {
    const page = await events.getEventsFromJournal(url, { limit: 100, ...(since ? { since } : {}) })
    if (!page.events?.length) return { body: { outcome: 'done', done } }
    for (const { event } of page.events) {
      await take(event, token, params)
      done += 1
    }
    since = page.events.at(-1).position
    await state.put(cursorKey, since, { ttl: 604_800 })
  }
}

async function take({ data }, token, params) {
  const author = params.AEM_AUTHOR_URLS
  const headers = {
    authorization: `Bearer ${token}`,
    'x-api-key': params.ADC_CECREDENTIALS_CLIENTID,
    'x-adobe-accept-experimental': '1',
  }
  const answer = await fetch(`${author}/adobe/assets/${data.assetId}/metadata`, { headers })
  if (answer.status === 404) return
  if (!answer.ok) throw new Error(`metadata: ${answer.status}`)
  const { assetMetadata, repositoryMetadata } = await answer.json()
  if (assetMetadata.exportDestination !== 'folder') return

  const path = repositoryMetadata['repo:path']
  const version = repositoryMetadata['dam:sha1'] ?? assetMetadata['dam:sha1']
  if (version === undefined) throw new Error(`${path} has no dam:sha1`)
  const file = join(params.FOLDER_ROOT, path.replace('/content/dam/', ''))
  const held = await readFile(`${file}.version`, 'utf8').catch(() => undefined)
  if (held === version) return
  const download = await fetch(author + encodeURI(path), { headers })
  if (!download.ok) throw new Error(`download: ${download.status}`)
  const bytes = Buffer.from(await download.arrayBuffer())
  if (createHash('sha1').update(bytes).digest('hex') !== version) throw new Error(`${path} is not whole`)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.part`, bytes)
  await rename(`${file}.part`, file)
  await writeFile(`${file}.version`, version)
}

exports.main = main
