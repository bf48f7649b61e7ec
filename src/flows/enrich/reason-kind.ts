/** The texts of src/metadata/skip.ts, of src/metadata/left-alone.ts and of enrichment, by how they begin, and the kind of reason that each is. */
const kinds: readonly (readonly [start: string, kind: string])[] = [
  ['not a file', 'not-a-file'],
  ['the asset is discarded', 'discarded'],
  ['the virus scan', 'infected'],
  ['the asset is checked out', 'checked-out'],
  ['the asset is still processing', 'processing'],
  ['switched off by', 'switched-off'],
  ['left out by', 'left-out-by-rule'],
  ['not in step', 'not-in-step'],
  ['the PIM knows no product', 'no-product'],
  ['no matching rule', 'no-candidate'],
]

/**
 * The kind of a reason why an asset was skipped. The reason itself may name an asset, a product or a person, and there
 * would be as many as there are assets.
 */
export const reasonKind = (reason: string): string =>
  kinds.find(([start]) => reason.startsWith(start))?.[1] ?? 'other'
