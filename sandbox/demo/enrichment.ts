import { isDeepStrictEqual } from 'node:util'
import type { AssetView } from '../aem/author'
import type { Attempt } from '../events'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import { milliseconds, table } from '../print'
import { httpAnswer } from '../runtime/http-answer'
import { duration, expect, type Scene, Unexpected } from './stage'

const PATH = '/content/dam/shop/garden chair (1).jpg'
const EXPECTED = { 'wknd-skuid': 'MockSKU 123', 'wknd-suppliername': 'mock-supplier' }

const show = (value: JsonValue | undefined): string => {
  if (value === undefined) return '(none)'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Rows of property, before, after: what changed, and title and format for orientation. */
const changes = (before: AssetView, after: AssetView): string[][] => {
  const { assetMetadata: old } = before
  const { assetMetadata: now, repositoryMetadata: repository } = after
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  const changed = names.filter((name) => !isDeepStrictEqual(old[name], now[name])).sort()
  const rest = ['dc:title', 'dc:format'].filter((name) => !changed.includes(name))
  const of = (asset: JsonObject, name: string): string => show(asset[name] ?? repository[name])
  return [...rest, ...changed].map((name) => [name, of(old, name), of(now, name)])
}

const checkEventAnswer = (attempt: Attempt | undefined, asset: AssetView): Attempt => {
  const answer = attempt?.activation === undefined ? undefined : httpAnswer(attempt.activation)
  if (attempt === undefined || answer?.status !== 200) {
    throw new Unexpected('the event is answered 200', answer ?? 'no answer within 60 seconds')
  }
  const assetdata = isJsonObject(answer.body) ? answer.body.assetdata : undefined
  const found = isJsonObject(assetdata) ? assetdata : {}
  expect(
    found.assetId === asset.id,
    `the answer's assetdata.assetId is ${asset.id}`,
    answer.body ?? 'no body',
  )
  expect(
    found.assetPath === asset.path,
    `the answer's assetdata.assetPath is ${asset.path}`,
    answer.body ?? '',
  )
  return attempt
}

/** An asset is uploaded and gets what the PIM knows about it. */
export const enrichment: Scene = async ({ sandbox, paint, step, detail, block }) => {
  const { aem, events, ims, pim, state } = sandbox
  const patches = (): number => aem.requests.filter(({ method }) => method === 'PATCH').length

  step('I/O Events checks the new registration with a challenge')
  const probe = await events.challenge()
  expect(
    probe.ok,
    'the challenge comes back with status 200',
    probe.activation.result ?? probe.activation.error,
  )
  const outside = ims.requests.length + aem.requests.length
  expect(outside === 0, 'a challenge causes no outside call', `${outside} requests`)
  detail('It came back.')

  step(`An author uploads ${PATH}`)
  const before = aem.addAsset({ path: PATH, assetMetadata: { 'dc:title': 'Garden chair' } })
  detail(paint.dim(before.id))

  step('AEM has processed it; I/O Events delivers "Asset Processing Completed"')
  const event = aem.processingCompletedEvent(before)
  const first = checkEventAnswer((await events.deliver(event)).attempts.at(-1), before)
  const after = aem.asset(before.id)
  for (const [name, value] of Object.entries(EXPECTED)) {
    expect(after.assetMetadata[name] === value, `${name} is "${value}"`, show(after.assetMetadata[name]))
  }
  expect(patches() > 0, 'the metadata was written by a PATCH', 'no PATCH')
  detail('The action asked the PIM about the product and wrote what it learned:')
  block(table(['property', 'before', 'after'], changes(before, after)))

  step('The same event is delivered once more')
  const writes = patches()
  const again = checkEventAnswer((await events.deliver(event)).attempts.at(-1), before)
  expect(patches() === writes, 'nothing is written the second time', `${patches() - writes} more PATCH`)
  expect(aem.asset(before.id).etag === after.etag, 'the ETag stays', aem.asset(before.id).etag)
  detail('Nothing was written: the asset says already what the PIM says.')

  const reads = aem.requests.length - patches()
  const start = probe.activation.startMs + probe.activation.durationMs
  return [
    ['requests to IMS', `${ims.requests.length}`],
    ['requests to AEM', `${aem.requests.length} (reads ${reads}, writes ${patches()})`],
    ['requests to the PIM', `${pim.requests.length} (the built-in mock answers by itself)`],
    ['requests to State', `${state.requests.length}`],
    ['cold start, with the challenge', milliseconds(start)],
    ['the event, first time', duration(first.activation)],
    ['the event again, warm', duration(again.activation)],
  ]
}
