import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main as exportAsset } from '../../actions/export-asset/index'
import type { AssetView } from '../../sandbox/aem/author'
import type { JsonObject } from '../../sandbox/json'
import type { Answer } from '../../src/runtime/answer'
import { type Receiver, startReceiver } from './receiver'

/** The action `export-asset` in this process, in front of the sandbox, with a folder as destination. */
export type Exporter = Receiver & {
  root: string
  /** An asset that asks to be exported at once; to the folder, if nothing else is said. */
  addAsset(path: string, more?: { metadata?: JsonObject; size?: number }): AssetView
  /** Delivers *asset published*, as AEM Eventing sends it. */
  publish(asset: AssetView, inputs?: JsonObject): Promise<Answer>
  /** What a reader of the folder sees, by key. */
  stored(): Promise<Record<string, Buffer>>
}

export async function startExporter(): Promise<Exporter> {
  const receiver = await startReceiver({}, exportAsset)
  const root = await mkdtemp(join(tmpdir(), 'bridge-export-'))
  const { aem } = receiver.sandbox
  const invoke: Receiver['invoke'] = (params, { inputs = {}, ...options } = {}) =>
    receiver.invoke(params, { ...options, inputs: { FOLDER_ROOT: root, ...inputs } })
  return {
    ...receiver,
    root,
    invoke,
    addAsset: (path, { metadata = {}, size = 50_000 } = {}) =>
      aem.addAsset({
        path,
        content: { size, seed: path },
        assetMetadata: { exportDestination: 'folder', exportImmediately: 'yes', ...metadata },
      }),
    publish: (asset, inputs = {}) => invoke(aem.publicationEvent('published', asset), { inputs }),
    stored: () => filesIn(root),
    async close() {
      await receiver.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function filesIn(root: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files: Record<string, Buffer> = {}
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.') || entry.name.endsWith('.part')) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(root.length + 1)] = await readFile(path)
  }
  return files
}
