import type { AssetView } from '../aem/author'
import { isJsonObject, type JsonObject } from '../json'
import { mebibytes, milliseconds, table } from '../print'
import { httpAnswer } from '../runtime/http-answer'
import { expect, type Scene, type Stage, Unexpected } from './stage'

const PUSHED = 'export-asset'
const BATCH = 'export-batch'
const SIZE = 20 * 1024
const OUTCOMES = ['done', 'skipped', 'parked', 'failed', 'deadLettered']

/** Fires the alarm, and reads the report of the run. */
const fire = async ({ sandbox: { runtime } }: Stage): Promise<JsonObject> => {
  const { status, body } = httpAnswer(await runtime.invoke(BATCH))
  if (status === 200 && isJsonObject(body)) return body
  throw new Unexpected('the run ends well', body ?? status)
}

const publish = ({ sandbox: { aem } }: Stage, index: number): AssetView => {
  const path = `/content/dam/burst/${String(index % 10)}/asset ${index}.jpg`
  const assetMetadata = { exportDestination: 'folder', exportImmediately: 'no' }
  return aem.addAsset({ path, assetMetadata, content: { size: SIZE, seed: path } })
}

const counts = (report: JsonObject): string[][] =>
  OUTCOMES.map((name) => [name, String(report[name])]).filter(([, number]) => number !== '0')

/** So many assets are published at once, and the batch brings them to the folder. */
export const burst =
  (count: number): Scene =>
  async (stage) => {
    const { aem, journal, folder, state } = stage.sandbox
    const events = stage.sandbox.registration(PUSHED)

    stage.step(`Authors publish ${count} assets at once`)
    const assets = Array.from({ length: count }, (_, index) => publish(stage, index))
    for (const asset of assets) events.hold(aem.publicationEvent('published', asset))
    stage.detail('Their metadata says exportImmediately no: they wait for the batch.')
    stage.detail(`The journal has ${journal.positions().length} events.`)

    stage.step(`The alarm fires ${BATCH}`)
    const copied = (): number => aem.blobs.requests.filter(({ bytesSent }) => bytesSent === SIZE).length
    const begin = performance.now()
    const report = await stage.watch(fire(stage), count, copied, (amount) => `${Math.round(amount)} assets`)
    const ms = performance.now() - begin
    stage.block(table(['what became of them', 'events'], counts(report)))
    expect(report.outcome === 'done', 'the run reaches the end of the journal', report)
    expect(report.done === count, `${count} events are done`, report)

    stage.step('What is in the folder, held against AEM')
    const files = new Map((await folder.files()).map(({ key, sha1 }) => [key, sha1]))
    const wrong = assets.filter(
      ({ path, repositoryMetadata }) =>
        files.get(path.slice('/content/dam/'.length)) !== repositoryMetadata['dam:sha1'],
    )
    expect(
      wrong.length === 0,
      'every asset is there, byte for byte',
      wrong.map(({ path }) => path),
    )
    expect(files.size === count, 'nothing else is there', `${files.size} files`)
    stage.detail(`${files.size} files, each with the SHA-1 that AEM tells.`)

    stage.step('The next alarm')
    const next = await fire(stage)
    expect(next.events === 0 && next.bytes === 0, 'nothing is left to do', next)
    stage.detail('Nothing is left to do: the cursor stands at the end of the journal.')

    const perEvent = (number: number): string => (number / count).toFixed(1)
    return [
      ['the run', `${milliseconds(ms)}, ${Math.round((count * 1000) / ms)} assets/s`],
      ['bytes moved', mebibytes(Number(report.bytes))],
      [
        'requests to AEM, an asset',
        `${perEvent(aem.requests.length)} and ${perEvent(aem.blobs.requests.length)} to its store`,
      ],
      ['pages of the journal', `${journal.requests.length}`],
      ['requests to State, in all', `${state.requests.length}`],
    ]
  }
