/** What a sweep has looked at, and what it has repaired: that measures how much the events lose. */
export type SweepCounts = {
  /** Assets of AEM that were compared, each once. */
  assets: number
  /** Files of destinations that were compared. */
  files: number
  /** Assets whose metadata were written. */
  enriched: number
  /** Files that were missing or stale, and are stored. */
  stored: number
  /** Files of assets that were moved, withdrawn or deleted, and are removed. */
  removed: number
  parked: number
  deadLettered: number
}

export const noCounts = (): SweepCounts => ({
  assets: 0,
  files: 0,
  enriched: 0,
  stored: 0,
  removed: 0,
  parked: 0,
  deadLettered: 0,
})
