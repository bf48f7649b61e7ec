import type { AkeneoModel, AkeneoProduct } from './catalogue'

/** Who made a change, as events name it: a user of the PIM, or a connection or App by its client id. */
export type Author = { identifier: string; type: 'user' | 'api' | 'job' | 'system' }

/** `state` is what it is now, or was last; `before` what an updated one was. Neither is ever changed later. */
type Change<Entity extends string, State> = { author: Author; entity: Entity; state: State } & (
  | { verb: 'created' | 'deleted' }
  | { verb: 'updated'; before: State }
)

/** What became of a product or of a product model. */
export type CatalogueChange = Change<'product', AkeneoProduct> | Change<'product_model', AkeneoModel>

/** Hears of every change, once it is made. */
export type ChangeListener = (change: CatalogueChange) => void
