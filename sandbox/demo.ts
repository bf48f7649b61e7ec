import { isDeepStrictEqual } from 'node:util'
import type { AssetView } from './aem/author'
import type { Attempt } from './events'
import { isJsonObject, type JsonObject, type JsonValue } from './json'
import { milliseconds, type Paint, table } from './print'
import { httpAnswer } from './runtime/http-answer'
import { type Sandbox, startSandbox } from './sandbox'

const ACTION = 'generic'
const PATH = '/content/dam/shop/garden chair (1).jpg'
const EXPECTED = { 'wknd-skuid': 'MockSKU 123', 'wknd-suppliername': 'mock-supplier' }

/** How to run the demonstration. */
export type DemoOptions = {
  /** The built action that receives the event. */
  bundle: string
  write: (line: string) => void
  paint: Paint
}

/** A step that came out otherwise than it should. */
class Unexpected extends Error {
  readonly expected: string
  readonly found: string
  constructor(expected: string, found: unknown) {
    super(expected)
    this.name = 'Unexpected'
    this.expected = expected
    this.found = typeof found === 'string' ? found : JSON.stringify(found)
  }
}

const expect = (condition: boolean, expected: string, found: unknown): void => {
  if (!condition) throw new Unexpected(expected, found)
}

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

const duration = ({ activation }: Attempt): string =>
  activation ? milliseconds(activation.durationMs) : 'no answer'

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

const play = async (sandbox: Sandbox, { write, paint }: DemoOptions): Promise<void> => {
  const { aem, events, ims, pim, state } = sandbox
  let number = 0
  const step = (title: string): void => {
    number += 1
    write(`${number > 1 ? '\n' : ''}${paint.bold(`${number}. ${title}`)}`)
  }
  const detail = (text: string): void => write(`   ${text}`)
  const patches = (): number => aem.requests.filter(({ method }) => method === 'PATCH').length

  step('The stand-ins are up, the built action is deployed to the runtime stand-in')
  detail(paint.dim(`IMS ${ims.url}, AEM ${aem.url}, State ${state.url}, PIM ${pim.url}`))

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
  write('')
  for (const line of table(['property', 'before', 'after'], changes(before, after))) detail(line)

  step('The same event is delivered once more')
  const writes = patches()
  const again = checkEventAnswer((await events.deliver(event)).attempts.at(-1), before)
  expect(patches() === writes, 'nothing is written the second time', `${patches() - writes} more PATCH`)
  expect(aem.asset(before.id).etag === after.etag, 'the ETag stays', aem.asset(before.id).etag)
  detail('Nothing was written: the asset says already what the PIM says.')

  step('What it took')
  const count = (requests: readonly unknown[]): string => `${requests.length}`
  const reads = aem.requests.length - patches()
  const costs = [
    ['requests to IMS', count(ims.requests)],
    ['requests to AEM', `${count(aem.requests)} (reads ${reads}, writes ${patches()})`],
    ['requests to the PIM', `${count(pim.requests)} (the built-in mock answers by itself)`],
    ['requests to State', count(state.requests)],
    ['cold start, with the challenge', milliseconds(probe.activation.startMs + probe.activation.durationMs)],
    ['the event, first time', duration(first)],
    ['the event again, warm', duration(again)],
  ]
  const width = Math.max(...costs.map(([name = '']) => name.length))
  for (const [name = '', value] of costs) detail(`${name.padEnd(width)}  ${value}`)
}

/**
 * Plays the main job from end to end on the sandbox and tells it in numbered steps. False when a step came
 * out otherwise than expected; then says what was expected, what was found, and what the action logged.
 */
export const runDemo = async (options: DemoOptions): Promise<boolean> => {
  const { bundle, write, paint } = options
  const sandbox = await startSandbox({ actions: { [ACTION]: { bundle, provideApiKey: true } } })
  try {
    await play(sandbox, options)
    write(`\n${paint.green('All as expected.')}`)
    return true
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error
    write(`\n${paint.red('This step did not come out as expected.')}`)
    write(`   expected: ${error.expected}`)
    write(`   found:    ${error.found}`)
    const logs = sandbox.runtime.logs(ACTION).trim()
    write(`\nThe action's log:\n${paint.dim(logs === '' ? '(empty)' : logs)}`)
    return false
  } finally {
    await sandbox.close()
  }
}
