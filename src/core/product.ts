import type { JsonValue } from './json'

/** How a product is named in the PIM. */
export type ProductRef = {
  kind: 'identifier' | 'uuid' | 'model'
  value: string
  /**
   * The PIM has told that the product changed at this moment, in milliseconds since the epoch: what it answers from
   * before then is out of date.
   */
  changedAt?: number
}

/** A product as the mapping sees it. */
export type Product = {
  /** What the PIM calls it: the SKU, as a rule. */
  identifier: string
  /** The other name that the PIM has for it, as references may give it; for those PIMs that have one. */
  uuid?: string
  /** Attribute code to value. What the PIM does not know is absent or null. */
  attributes: Readonly<Record<string, JsonValue>>
}
