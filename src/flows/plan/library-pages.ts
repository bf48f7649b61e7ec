import type { AssetRef } from '../../core/asset'

/** Some assets of a library, see `src/aem/library.ts`. */
export type LibraryPage = { entries: readonly { ref: AssetRef }[]; progress: number }
