/*
 * What draining the journal is measured against: the consumer that the documentation of I/O Events leads to. It reads the
 * journal page by page with @adobe/aio-lib-events, takes one event after another, reads the asset, looks whether its file is
 * at the destination in the right size, stores it if not, and keeps the position in aio-lib-state after each page.
 *
 * Chosen in its favour: one token for the whole run, connections that are kept, pages as large as the service gives them, no
 * wait between pages, no retry, no check of versions or checksums, and no record of what failed.
 *
 * Inputs: RIVAL_JOB, JSON. Prints what it did, as JSON.
 */
const { stat, mkdir, writeFile } = require('node:fs/promises')
const { dirname, join } = require('node:path')
const events = require('@adobe/aio-lib-events')
const State = require('@adobe/aio-lib-state')

const job = JSON.parse(process.env.RIVAL_JOB)
const counts = { done: 0, there: 0, stored: 0 }

async function main() {
  const token = await getToken()
  const client = await events.init(job.orgId, job.clientId, token)
  const state = await State.init({ ow: { namespace: job.namespace, auth: job.auth } })
  const headers = {
    authorization: `Bearer ${token}`,
    'x-api-key': job.clientId,
    'x-adobe-accept-experimental': '1',
  }
  for (let url = job.journalUrl; url !== undefined; ) {
    const page = await client.getEventsFromJournal(url)
    if (page.events === undefined || page.events.length === 0) break
    for (const { event } of page.events) await onPublished(event, headers)
    url = page.link.next
    await state.put('rival.position', url, { ttl: 86_400 })
  }
  console.log(JSON.stringify(counts))
}

async function getToken() {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: job.clientId,
    client_secret: job.clientSecret,
    scope: job.scopes,
  })
  const answer = await fetch(`${job.ims}/ims/token/v3`, { method: 'POST', body })
  return (await answered(answer, 'IMS')).access_token
}

async function onPublished({ data }, headers) {
  const asset = `${job.aem}/adobe/assets/${data.assetId}`
  const { assetMetadata, repositoryMetadata } = await answered(
    await fetch(`${asset}/metadata`, { headers }),
    'GET',
  )
  counts.done += 1
  if (assetMetadata.exportDestination !== 'folder') return
  const file = join(job.folder, repositoryMetadata['repo:path'].replace('/content/dam/', ''))
  const held = await stat(file).catch(() => undefined)
  if (held?.size === repositoryMetadata['repo:size']) {
    counts.there += 1
    return
  }
  const original = await fetch(`${asset}/original/as/${repositoryMetadata['repo:name']}`, { headers })
  if (!original.ok) throw new Error(`the file answered ${original.status}`)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, Buffer.from(await original.arrayBuffer()))
  counts.stored += 1
}

async function answered(answer, what) {
  if (!answer.ok) throw new Error(`${what} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
