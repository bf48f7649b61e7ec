/** A subscription of the type `https`, as the delivery sees it at each moment. */
export type EventSubscription = {
  id: string
  subscriberId: string
  url: string
  /** Full names of types, such as `com.akeneo.pim.v1.product.updated`. */
  events: readonly string[]
  secrets: { primary: string; secondary?: string }
  /** Whatever is not `active` gets nothing, and what happens meanwhile is lost to it. */
  status: 'active' | 'suspended' | 'revoked' | 'deleted'
  /** Further headers of every delivery; the signature does not cover them. */
  headers?: Readonly<Record<string, string>>
  /** Adds a product's identifier to its uuid. */
  sendProductIdentifier?: boolean
  /** Which events it wants of those types; see the filter language. */
  filter?: string
  /** When the last change of it reaches the delivery, in ms since the epoch; nothing is sent before. */
  effectiveAt?: number
}
