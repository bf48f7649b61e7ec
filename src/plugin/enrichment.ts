import type { MappingRule } from '../metadata/mapping'
import type { Matcher } from '../metadata/matching'
import { propertiesOf } from '../metadata/properties'
import type { InputDeclarations } from './inputs'
import type { PimFactory } from './pim'

export { everyAttribute, type MappingContext, type MappingRule } from '../metadata/mapping'
export { fromFileName, fromPath, fromProperty, type Matcher } from '../metadata/matching'

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
  /** Inputs of your own that no communicator declares, by whole names. @default none */
  inputs?: InputDeclarations
}

/** Gives `config/enrichment.ts` its types, and the editor its help. */
export const defineEnrichment = (enrichment: Enrichment): Enrichment => enrichment

/** Where the identifiers of deleted products stand. */
export const deletedPropertyOf = (enrichment: Pick<Enrichment, 'linkProperty' | 'deletedProperty'>): string =>
  enrichment.deletedProperty ?? `${enrichment.linkProperty}-deleted`

/** Tells whether a metadata property is read or written by the rules; the others need not be held. */
export const isUsedBy = (
  enrichment: Parameters<typeof deletedPropertyOf>[0] & Pick<Enrichment, 'matching' | 'mapping'>,
) => propertiesOf({ ...enrichment, deletedProperty: deletedPropertyOf(enrichment) })
