/*
 * What the backfill is measured against: the script that somebody writes in an afternoon. It searches the library page by
 * page, and takes each asset by itself: one GET, one call to the PIM, one PATCH.
 *
 * Chosen in its favour: ten assets at once, connections that are kept, one token for all, pages of a hundred that go
 * forward by date (AEM reads what an offset skips all over again), no waiting between requests, no retry, no
 * check of what the answers are, and no build or type check at its start. It asks for one product a call, for that is
 * what makes it asset by asset.
 *
 * Inputs: RIVAL_JOB, JSON. Prints what it did, as JSON.
 */
const { imsToken } = require('../ims-token')

const job = JSON.parse(process.env.RIVAL_JOB)
const atOnce = 10
const pageSize = 100
const values = { sku: 'wknd-sku', name: 'wknd-name', supplier: 'wknd-supplier' }
const link = 'wknd-skuid'
const counts = { checked: 0, written: 0, unknown: 0 }

async function main() {
  const token = await imsToken({ ...job, url: job.ims }, fetch)
  const headers = {
    authorization: `Bearer ${token}`,
    'x-api-key': job.clientId,
    'x-adobe-accept-experimental': '1',
  }
  for await (const page of pages(headers)) {
    const left = page.values()
    const lane = async () => {
      for (const uuid of left) await enrich(uuid, headers)
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
  }
  console.log(JSON.stringify(counts))
}

/** By the second of creation. A second that does not end on a page is gone through with an offset. */
async function* pages(headers) {
  let [from, offset] = [0, 0]
  let seen = new Set()
  for (;;) {
    const query = new URLSearchParams({
      path: job.folder,
      type: 'dam:Asset',
      orderby: '@jcr:created',
      '1_daterange.property': 'jcr:created',
      '1_daterange.lowerBound': new Date(from).toISOString(),
      '1_daterange.lowerOperation': '>=',
      'p.limit': String(pageSize),
      'p.offset': String(offset),
      'p.guessTotal': 'true',
      'p.hits': 'selective',
      'p.properties': 'jcr:path jcr:uuid jcr:created',
    })
    const { hits, more } = await answered(
      await fetch(`${job.aem}/bin/querybuilder.json?${query}`, { headers }),
      'search',
    )
    yield hits.map((hit) => hit['jcr:uuid']).filter((uuid) => !seen.has(uuid))
    if (!more) return
    const last = Date.parse(hits.at(-1)['jcr:created'])
    if (last > from) {
      from = last
      offset = 0
      seen = new Set()
    } else offset += hits.length
    for (const hit of hits) if (Date.parse(hit['jcr:created']) >= from) seen.add(hit['jcr:uuid'])
  }
}

async function enrich(uuid, headers) {
  const url = `${job.aem}/adobe/assets/urn:aaid:aem:${uuid}/metadata`
  const read = await fetch(url, { headers })
  const etag = read.headers.get('etag')
  const { assetMetadata, repositoryMetadata } = await answered(read, 'GET')
  counts.checked += 1
  const sku = assetMetadata[link] ?? repositoryMetadata['repo:name'].replace(/\.\w+$/, '')
  const found = await fetch(`${job.pim.url}/products/${encodeURIComponent(sku)}`, {
    headers: { 'x-api-key': job.pim.apiKey },
  })
  if (found.status === 404) {
    await found.arrayBuffer()
    counts.unknown += 1
    return
  }
  const { product } = (await answered(found, 'PIM')).data
  const facts = { [link]: sku }
  for (const [attribute, property] of Object.entries(values)) facts[property] = product[attribute]
  const patch = Object.entries(facts).map(([property, value]) => ({
    op: property in assetMetadata ? 'replace' : 'add',
    path: `/${property}`,
    value,
  }))
  const written = await fetch(url, {
    method: 'PATCH',
    headers: { ...headers, 'content-type': 'application/json-patch+json', 'if-match': etag },
    body: JSON.stringify(patch),
  })
  await answered(written, 'PATCH')
  counts.written += 1
}

async function answered(answer, what) {
  if (!answer.ok) throw new Error(`${what} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
