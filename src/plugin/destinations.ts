import { type BridgeError, systemicError } from '../core/errors'
import type { DestinationFactory } from './destination'
import type { InputDeclarations } from './inputs'
import type { KeyTemplate } from './key'

export { type RoleRule, roleByFileName, roleByProperty } from '../metadata/roles'
export { byDate, bySku, flat, type KeyTemplate, pathBelowDam } from './key'

/** For all destinations, or by their names. */
export type OnMove = 'keep' | 'follow' | Readonly<Record<string, 'keep' | 'follow'>>

/** What a user decides about export; `config/destinations.ts` holds it. */
export type Exports = {
  /** By the name that `exportDestination` gives. One is on when its inputs are set. */
  destinations: Readonly<Record<string, DestinationFactory>>
  /** Where an asset stands in a destination. */
  key: KeyTemplate
  /** Renditions that go with the original: by name, or all whose name matches. They stand beside it. @default none */
  renditions?: readonly (string | RegExp)[]
  /** Writes the metadata beside the file, as `<key>.json`. @default false */
  sidecar?: boolean
  /** What happens at the destinations when an asset is unpublished. `remove` needs a key made from the path alone. @default 'keep' */
  onUnpublish?: 'keep' | 'remove'
  /** The same when it is deleted. @default 'keep' */
  onDelete?: 'keep' | 'remove'
  /**
   * What happens at the destinations when the off time of an asset is past, and it comes to be looked at. It is never
   * copied then. @default 'keep'
   */
  onExpire?: 'keep' | 'remove'
  /**
   * What happens to the files under the old path of an asset that was moved or renamed: for all destinations, or by
   * name, where the others keep them. With `follow` the file is stored under its new key first; then the old one is
   * removed. @default 'keep'
   */
  onMove?: OnMove
  /**
   * What happens at a destination that an asset names no longer. Only what the destination says that this app stored is
   * removed. @default 'keep'
   */
  onNoLongerNamed?: 'keep' | 'remove'
  /** Inputs of your own that no destination declares, by whole names. @default none */
  inputs?: InputDeclarations
}

/**
 * Gives `config/destinations.ts` its types, and the editor its help.
 * @throws {BridgeError} systemic, `CONFIG_INVALID`, when files are to be removed but their keys do not follow from
 * the path, when the name of a destination differs from its key, and when `onMove` names one that is not there
 */
export function defineDestinations(exports: Exports): Exports {
  for (const setting of ['onUnpublish', 'onDelete'] as const) {
    if (exports[setting] !== 'remove' || exports.key.pathOnly === true) continue
    throw systemicError(
      'CONFIG_INVALID',
      `config/destinations.ts says ${setting}: 'remove', but its key needs the asset's metadata, which is gone by then: ` +
        "use a key made from the path alone, such as pathBelowDam() or flat(), mark your own with pathOnly: true, or set it to 'keep'",
    )
  }
  for (const name of typeof exports.onMove === 'object' ? Object.keys(exports.onMove) : []) {
    if (Object.hasOwn(exports.destinations, name)) continue
    throw systemicError(
      'CONFIG_INVALID',
      `config/destinations.ts says under onMove what happens at ${name}, and has no destination of that name`,
    )
  }
  for (const [key, { name }] of Object.entries(exports.destinations)) {
    if (name !== undefined && name !== key) throw nameIsNotKey(key, name)
  }
  return exports
}

/** The key is what metadata, errors and records name; a second name would be another destination's. */
export const nameIsNotKey = (key: string, name: string): BridgeError =>
  systemicError(
    'CONFIG_INVALID',
    `config/destinations.ts has a destination under the key ${key} that is named ${name}: the key is its name; write ${name} as the key, or leave the option name out`,
  )
