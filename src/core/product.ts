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

/** A value that a product is to hold; null, an empty text or an empty list empties the attribute. */
export type FactValue = string | number | boolean | null | readonly (string | number | boolean)[]

/** What a product is to hold. */
export type ProductChange = {
  ref: ProductRef
  /** Attribute code, as `getProducts` names it, to its value. What is not named stays as it is. */
  values: Readonly<Record<string, FactValue>>
}

/** What became of a change. */
export type ProductUpdate =
  /** `unchanged`: the product held all of it already, and nothing was sent. */
  | { kind: 'updated' | 'unchanged' }
  /** The PIM does not take it, and trying again cannot help. `code` is as stable as that of an error. */
  | { kind: 'refused'; code: string; reason: string }
  /** The PIM has no such product. */
  | { kind: 'unknown' }
