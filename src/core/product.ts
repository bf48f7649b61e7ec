import type { JsonValue } from './json'

/** How a product is named in the PIM. */
export type ProductRef = {
  kind: 'identifier' | 'uuid' | 'model'
  value: string
  /**
   * When the product changed according to the PIM, in milliseconds since the epoch. An answer of the PIM with an
   * older state is out of date.
   */
  changedAt?: number
}

/** A product as the mapping sees it. */
export type Product = {
  /** What the PIM calls it: the SKU, as a rule. */
  identifier: string
  /** The second identifier of the product, where the PIM has one; references may use it. */
  uuid?: string
  /** Attribute code to value. What the PIM does not know is absent or null. */
  attributes: Readonly<Record<string, JsonValue>>
}
