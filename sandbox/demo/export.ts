import type { AssetView } from '../aem/author'
import type { EventTrace } from '../events'
import { isJsonObject, type JsonObject } from '../json'
import { mebibytes, milliseconds, table } from '../print'
import type { Activation } from '../runtime/activation'
import { httpAnswer } from '../runtime/http-answer'
import { duration, expect, type Scene, type Stage, Unexpected } from './stage'

const MEBIBYTE = 1024 * 1024
const RECEIVER = 'export-asset'
const WORKER = 'export-worker'
const IMAGE_PATH = '/content/dam/shop/garden (panorama).tif'
const FILM_PATH = '/content/dam/shop/garden film.mp4'
/** So that there is something to watch. */
const BYTES_PER_SECOND = 40 * MEBIBYTE

/** What the action says about the one destination. */
const reportOf = ({ attempts }: EventTrace): { activation: Activation; report: JsonObject } => {
  const activation = attempts.at(-1)?.activation
  const answer = activation === undefined ? undefined : httpAnswer(activation)
  if (activation === undefined || answer?.status !== 200)
    throw new Unexpected('the event is answered 200', answer ?? 'no answer within 60 seconds')
  const destinations = isJsonObject(answer.body) ? answer.body.destinations : undefined
  const [report] = Array.isArray(destinations) ? destinations : []
  if (!isJsonObject(report)) throw new Unexpected('the answer tells of one destination', answer.body ?? '')
  return { activation, report }
}

const publish = ({ sandbox }: Stage, { path, size }: { path: string; size: number }): AssetView => {
  const { aem } = sandbox
  const assetMetadata = { exportDestination: ['folder'], exportImmediately: 'yes' }
  return aem.addAsset({ path, assetMetadata, content: { size, seed: path } })
}

/** How much of a file the store behind AEM has handed out so far, in bytes. */
const handedOut = ({ sandbox: { aem } }: Stage, { id }: AssetView): number => {
  const blob = aem.blobPath(id)
  const requests = aem.blobs.requests.filter(({ path }) => path === blob)
  return requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
}

/** Shows what is in the folder, and holds it against AEM. */
const checkFolder = async (stage: Stage, assets: readonly AssetView[]): Promise<void> => {
  const files = await stage.sandbox.folder.files()
  const keys = assets.map(({ path }) => path.slice('/content/dam/'.length)).sort()
  expect(
    JSON.stringify(files.map(({ key }) => key)) === JSON.stringify(keys),
    `the folder holds ${keys.join(', ')}`,
    files.map(({ key }) => key).join(', ') || 'an empty folder',
  )
  const rows = files.map(({ key, size, sha1 }) => {
    const facts = assets.find(({ path }) => path.endsWith(`/${key}`))?.repositoryMetadata ?? {}
    expect(size === facts['repo:size'], `${key} has ${facts['repo:size']} bytes`, `${size} bytes`)
    expect(sha1 === facts['dam:sha1'], `${key} has the SHA-1 ${facts['dam:sha1']}`, sha1)
    return [key, `${size}`, `${sha1.slice(0, 12)}… as in AEM`]
  })
  stage.block(table(['in the folder now', 'bytes', 'SHA-1'], rows))
}

/**
 * An asset is published and arrives at a destination; a large one goes there by way of the worker.
 * @param sizes of the two files, in bytes: the film is more than the action takes upon itself within an event
 */
export const exportingOf =
  (sizes: { image: number; film: number }): Scene =>
  async (stage) => {
    const { sandbox, paint, step, detail, watch } = stage
    const { aem, runtime, state, folder } = sandbox
    const events = sandbox.registration(RECEIVER)

    step(`An author publishes ${IMAGE_PATH}, ${mebibytes(sizes.image)}`)
    const image = publish(stage, { path: IMAGE_PATH, size: sizes.image })
    detail('Its metadata says: exportDestination folder, exportImmediately yes')
    detail(paint.dim(`The folder is empty: ${folder.root}`))
    expect((await folder.files()).length === 0, 'the folder is empty at first', await folder.files())

    step(`I/O Events delivers "asset published" to ${RECEIVER}`)
    const slow = aem.blobs.faults.add({ fault: { kind: 'throttle', bytesPerSecond: BYTES_PER_SECOND } })
    const event = aem.publicationEvent('published', image)
    const delivery = events.deliver(event)
    const first = reportOf(await watch(delivery, sizes.image, () => handedOut(stage, image)))
    slow.remove()
    expect(first.report.outcome === 'done', 'the file is copied', first.report)
    await checkFolder(stage, [image])

    step('The same event is delivered once more')
    const [before] = await folder.files()
    const bytes = handedOut(stage, image)
    const again = reportOf(await events.deliver(event))
    expect(again.report.outcome === 'unchanged', 'nothing is to be done', again.report)
    const more = handedOut(stage, image) - bytes
    expect(more === 0, 'no byte is copied the second time', `${more} bytes`)
    const [after] = await folder.files()
    expect(after?.modified === before?.modified, 'the file is not touched', 'another time of change')
    detail('Nothing was copied: the folder says that it holds this version.')

    step(`An author publishes ${FILM_PATH}, ${mebibytes(sizes.film)}: too much for an event`)
    const film = publish(stage, { path: FILM_PATH, size: sizes.film })
    const handed = reportOf(await events.deliver(aem.publicationEvent('published', film)))
    expect(handed.report.outcome === 'handed-over', `it is handed over to ${WORKER}`, handed.report)
    detail(`The event is answered after ${duration(handed.activation)}; ${WORKER} continues by itself:`)
    await watch(runtime.idle(), sizes.film, () => handedOut(stage, film))
    const worked = runtime.activations(WORKER)
    expect(worked.length === 1, `${WORKER} runs once`, `${worked.length} times`)
    expect(worked[0]?.activationId === handed.report.worker, 'the answer names its activation', handed.report)
    await checkFolder(stage, [image, film])
    const left = state.keys()
    expect(left.length === 0, 'nothing is left pending', left)

    const rate = (size: number, ms: number): string =>
      `${milliseconds(ms)}, ${mebibytes((size * 1000) / ms)}/s`
    return [
      ['the image, throttled by the stand-in', rate(sizes.image, first.activation.durationMs)],
      ['the image again, warm', duration(again.activation)],
      ['the film, in the worker', rate(sizes.film, worked[0]?.duration ?? Number.NaN)],
      ['requests to State', `${state.requests.length} (one record: looked for, written, read, removed)`],
    ]
  }

/** With files as large as they are in earnest. */
export const exporting: Scene = exportingOf({ image: 64 * MEBIBYTE, film: 200 * MEBIBYTE })
