import type { AssetRef } from '../../core/asset'
import type { CallContext } from '../../core/call-context'
import { type EnrichPageParts, enrichPage } from './enrich-page'
import { type ExportPageParts, exportPage } from './export-page'
import type { Worked } from './task'

/** Does the assets of a page, in whatever order, and gives the results in theirs. */
export type WorkPage = (refs: readonly AssetRef[], call: CallContext) => Promise<readonly Worked[]>

/** What a page is done with: metadata, files, or both. */
export type PageParts = { enrich?: EnrichPageParts | undefined; export?: ExportPageParts | undefined }

/** Does a page in this process: metadata first, for a destination may get them along with a file. */
export const workHere =
  (parts: PageParts): WorkPage =>
  async (refs, call) => {
    const enriched = parts.enrich && (await enrichPage(refs, parts.enrich, call))
    const exported = parts.export && (await exportPage(refs, parts.export, call))
    if (enriched === undefined || exported === undefined) return enriched ?? exported ?? []
    return enriched.map((one, index) => together(one, exported[index]))
  }

/** What became of the metadata of an asset and of its files, as one. */
export function together(one: Worked, other: Worked | undefined): Worked {
  if (other === undefined) return one
  const { outcomes, skipped = other.skipped } = one
  return { ...one, outcomes: [...outcomes, ...other.outcomes], skipped, stored: other.stored }
}
