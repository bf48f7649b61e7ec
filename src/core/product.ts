import type { JsonValue } from './json'

/** How a product is named in the PIM. */
export type ProductRef = { kind: 'identifier' | 'uuid' | 'model'; value: string }

/** A product as the mapping sees it. */
export type Product = {
  /** What the PIM calls it: the SKU, as a rule. */
  identifier: string
  /** Attribute code to value. What the PIM does not know is absent or null. */
  attributes: Readonly<Record<string, JsonValue>>
}
