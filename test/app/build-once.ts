import { ensureBuilt } from '../../scripts/app-build'

/** Jest's global set-up of the `app` project: its tests run on what `aio app build` makes. */
export default async function buildOnce(): Promise<void> {
  await ensureBuilt()
}
