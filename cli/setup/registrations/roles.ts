import { type Happening, happeningOf } from '../../../src/events/happening'

/** A registration as the setup wants one. */
export type Role = {
  /** By which it is found again, and seen in the Developer Console. */
  name: string
  description: string
  /** `<package>/<action>`. */
  action: string
  happenings: readonly Happening[]
  /** Keeps away what the app itself writes. A journal lacks it, too. */
  filtersOwn: boolean
}

const generic = 'asset-bridge/generic'
const exporting = 'asset-bridge/export-asset'

const enrichment: readonly Role[] = [
  {
    name: 'asset-bridge: processing completed',
    description: 'New and changed assets get the metadata of their products.',
    action: generic,
    happenings: ['processed'],
    filtersOwn: false,
  },
  {
    name: 'asset-bridge: edits and moves',
    description: 'Assets that people edit or move are compared with their products.',
    action: generic,
    happenings: ['metadata-updated', 'moved'],
    filtersOwn: true,
  },
]

const exports: readonly Role[] = [
  {
    name: 'asset-bridge: publications',
    description: 'Published assets are copied to their destinations.',
    action: exporting,
    happenings: ['published', 'unpublished', 'deleted'],
    filtersOwn: false,
  },
  {
    name: 'asset-bridge: edits and moves, for exports',
    description: 'Copies of assets that are edited or moved are compared with their destinations.',
    action: exporting,
    happenings: ['metadata-updated', 'moved'],
    // An export with sidecars needs what the app itself writes.
    filtersOwn: false,
  },
]

/** What is to be registered. @param hasExports whether any destination is set up */
export const rolesFor = (hasExports: boolean): readonly Role[] =>
  hasExports ? [...enrichment, ...exports] : enrichment

/** The codes of events that tell of these, as the provider spells them. */
export const codesFor = (happenings: readonly Happening[], offered: readonly string[]): readonly string[] =>
  offered.filter((code) => {
    const happening = nativeType.test(code) ? happeningOf({ type: code, previousPath: undefined }) : undefined
    return happening !== undefined && happenings.includes(happening)
  })

const nativeType = /^aem\.assets\.asset\./
