import type { LeaveRules, SkipRules } from '../metadata/left-alone'
import type { MappingRule } from '../metadata/mapping'
import type { Matcher } from '../metadata/matching'
import { propertiesOf } from '../metadata/properties'
import type { RoleRule } from '../metadata/roles'
import type { TellRule } from '../metadata/tell-pim'
import { checkOwners } from './check-owners'
import type { InputDeclarations } from './inputs'
import type { PimFactory } from './pim'

export type { SkipRule, SkipRules } from '../metadata/left-alone'
export { everyAttribute, type MappingContext, type MappingRule, type Owner } from '../metadata/mapping'
export { fromFileName, fromPath, fromProperty, type Matcher } from '../metadata/matching'
export { type AssetRole, type RoleRule, roleByFileName, roleByProperty } from '../metadata/roles'
export type { AssetFact, TellRule } from '../metadata/tell-pim'

/** What a user decides about enrichment; `config/enrichment.ts` holds it. */
export type Enrichment = {
  /** The PIMs to choose from by the input PIM_COMMUNICATOR. */
  communicators: Readonly<Record<string, PimFactory>>
  /** The property that links an asset to its products: enrichment always writes their identifiers to it. */
  linkProperty: string
  /**
   * With PIM_SYNC_DELETED=mark: where the identifiers of products go that were deleted in the PIM.
   * @default the link property with `-deleted` behind it
   */
  deletedProperty?: string
  /** Asked in this order; the first one with a candidate that the PIM knows decides. */
  matching: readonly Matcher[]
  /** From the products' attributes to the asset's metadata. */
  mapping: readonly MappingRule[]
  /**
   * Where the asset holds what was written last, for the rules with the owner `edited`: hashes, several texts. No other
   * rule needs it. @default 'wknd-written'
   */
  writtenProperty?: string
  /** With `off`, `false` or `no` in it, an asset is left alone. Enrichment never writes it. @default 'wknd-sync' */
  syncProperty?: string
  /** Assets that are left alone: by folder, by media type, or by a function. @default none */
  skip?: SkipRules
  /**
   * What the PIM is told about an asset besides the properties that AEM owns: its link, its expiry and more. Only a
   * communicator with `updateProducts` is told anything. See docs/ownership.md. @default none
   */
  tellPim?: readonly TellRule[]
  /** Which of several assets speaks for a product, by their roles. @default the asset with the lowest id */
  roles?: RoleRule
  /** Inputs of your own that no communicator declares, by whole names. @default none */
  inputs?: InputDeclarations
}

/**
 * Gives `config/enrichment.ts` its types, and the editor its help.
 * @throws {BridgeError} systemic, `CONFIG_INVALID`, when an owner does not fit its rule, or two rules of a property differ
 */
export function defineEnrichment(enrichment: Enrichment): Enrichment {
  checkOwners(settingsOf(enrichment))
  return enrichment
}

/** The part of the rules that says what is written to an asset, and to which. */
export type EnrichmentRules = Pick<
  Enrichment,
  | 'linkProperty'
  | 'deletedProperty'
  | 'matching'
  | 'mapping'
  | 'writtenProperty'
  | 'syncProperty'
  | 'skip'
  | 'tellPim'
  | 'roles'
>

/** The same with the names and lists that hold where none is given. */
export const settingsOf = <Rules extends Omit<EnrichmentRules, 'matching' | 'mapping'>>(rules: Rules) => ({
  ...rules,
  deletedProperty: deletedPropertyOf(rules),
  writtenProperty: rules.writtenProperty ?? 'wknd-written',
  ...leaveRulesOf(rules),
})

/** Which assets are left alone. */
export const leaveRulesOf = ({
  syncProperty = 'wknd-sync',
  skip = [],
}: Pick<Enrichment, 'syncProperty' | 'skip'>): LeaveRules => ({ syncProperty, skip })

/** Where the identifiers of deleted products stand. */
export const deletedPropertyOf = (enrichment: Pick<Enrichment, 'linkProperty' | 'deletedProperty'>): string =>
  enrichment.deletedProperty ?? `${enrichment.linkProperty}-deleted`

/** Tells whether a metadata property is read or written by the rules; the others need not be held. */
export const isUsedBy = (enrichment: EnrichmentRules) => propertiesOf(settingsOf(enrichment))
