import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { MovableClock } from '../clock'
import type { JsonObject, JsonValue } from '../json'

export type Labels = Record<string, string>

/** An attribute of the catalogue. */
export type AkeneoAttribute = {
  code: string
  /** As Akeneo calls it, such as `pim_catalog_text`. */
  type: string
  localizable: boolean
  scopable: boolean
  /** Of a select: the labels of each option by its code. */
  options?: Record<string, Labels>
  /** Of a reference entity or an asset collection: its entity or family. */
  referenceData?: string
  /** Of an image or a file: in MB, as a string, and file extensions without a dot. */
  maxFileSize?: string
  allowedExtensions?: string[]
  /** Of a text. */
  maxCharacters?: number
  /** Of a measurement: the units of its family; the first one is the usual one. */
  units?: string[]
}

/** One value of an attribute. */
export type AkeneoValue = { locale: string | null; scope: string | null; data: JsonValue }
export type AkeneoValues = Record<string, readonly AkeneoValue[]>

/** A product or a product model as it is stored, without what it inherits. */
export type AkeneoProduct = {
  uuid: string
  family: string | null
  parent: string | null
  groups: string[]
  categories: string[]
  enabled: boolean
  values: AkeneoValues
  associations: JsonObject
  quantified_associations: JsonObject
  created: number
  updated: number
}
export type AkeneoModel = {
  code: string
  parent: string | null
  family?: string
  familyVariant?: string
  values: AkeneoValues
  updated: number
}

export type AkeneoChannel = { code: string; locales: string[]; currencies: string[]; labels: Labels }

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

/** What one PIM holds. */
export type Catalogue = {
  /** Code of the identifier attribute. */
  identifier: string
  attributes: Map<string, AkeneoAttribute>
  channels: Map<string, AkeneoChannel>
  /** Code to whether it is enabled. */
  locales: Map<string, boolean>
  currencies: Map<string, boolean>
  families: Map<string, JsonObject>
  /** Family, then variant, then the attributes of each level below the root model. */
  familyVariants: Map<string, Map<string, string[][]>>
  /** Records of reference entities: entity, then record, then labels by locale. */
  records: Map<string, Map<string, Labels>>
  /** By uuid. */
  products: Map<string, AkeneoProduct>
  /** By code. */
  models: Map<string, AkeneoModel>
  /** Adds or replaces an attribute. */
  setAttribute(attribute: Partial<AkeneoAttribute> & { code: string; type: string }): void
  /** Adds or replaces the product with this SKU. Throws when the real PIM would not take it. */
  setProduct(sku: string, product?: Partial<AkeneoProduct>): AkeneoProduct
  /** Adds a product that has no SKU. */
  addProductWithoutSku(product?: Partial<AkeneoProduct>): AkeneoProduct
  setModel(code: string, model?: Partial<Omit<AkeneoModel, 'code'>>): void
  /** Deletes a product. Throws when there is none with this uuid. */
  removeProduct(uuid: string): void
  /** Deletes a model. Throws when there is none, and while anything is below it. */
  removeModel(code: string): void
  /** Makes changes as another user, for the duration of the work. */
  changedBy<T>(author: Author, work: () => T): T
  /** Tells of every change from now on; saving what is there already is none. */
  onChange(listener: ChangeListener): void
  skuOf(product: AkeneoProduct): string | undefined
  bySku(sku: string): AkeneoProduct | undefined
  /** Own and inherited values. */
  allValues(product: AkeneoProduct | AkeneoModel): AkeneoValues
  /** The last change of the product or of a model above it. */
  lastChange(product: AkeneoProduct): number
  /** The codes of the models above a product. */
  ancestors(product: AkeneoProduct | AkeneoModel): string[]
}

/** Who works in the PIM's own pages. */
const USER: Author = { identifier: 'julia', type: 'user' }

const identifierPattern = /^[^,;\s](?:[^,;\r\n]*[^,;\s])?$/u

/** A catalogue with `sku`, `name`, `description` and `supplier`, two channels and three active locales. */
export const createCatalogue = (clock: MovableClock, identifier = 'sku'): Catalogue => {
  const attributes: Catalogue['attributes'] = new Map()
  const products: Catalogue['products'] = new Map()
  const models: Catalogue['models'] = new Map()
  /** SKU to uuid; the products themselves decide. */
  const uuids = new Map<string, string>()

  const listeners: ChangeListener[] = []
  let author = USER

  const tell = (change: CatalogueChange): void => {
    for (const listener of listeners) listener(change)
  }
  /** What is saved as it was leaves no trace, as in the PIM. */
  const isSame = (before: AkeneoProduct | AkeneoModel, now: AkeneoProduct | AkeneoModel): boolean =>
    isDeepStrictEqual({ ...before, updated: 0 }, { ...now, updated: 0 })

  const checkValues = (values: AkeneoValues): void => {
    for (const [code, entries] of Object.entries(values)) {
      const attribute = attributes.get(code)
      if (attribute === undefined) throw new Error(`The Akeneo stand-in has no attribute ${code}`)
      for (const { locale, scope } of entries) {
        if ((locale !== null) !== attribute.localizable || (scope !== null) !== attribute.scopable) {
          throw new Error(`The value of ${code} has the wrong locale or scope: ${locale}, ${scope}`)
        }
      }
    }
  }

  const store = (product: Partial<AkeneoProduct>): AkeneoProduct => {
    checkValues(product.values ?? {})
    const stored: AkeneoProduct = {
      uuid: randomUUID(),
      family: null,
      parent: null,
      groups: [],
      categories: [],
      enabled: true,
      values: {},
      associations: {},
      quantified_associations: {},
      created: clock.now(),
      updated: clock.now(),
      ...product,
    }
    const before = products.get(stored.uuid)
    products.set(stored.uuid, stored)
    const change = { entity: 'product', author, state: stored } as const
    if (before === undefined) tell({ ...change, verb: 'created' })
    else if (!isSame(before, stored)) tell({ ...change, verb: 'updated', before })
    return stored
  }

  const it: Catalogue = {
    identifier,
    attributes,
    records: new Map(),
    familyVariants: new Map(),
    products,
    models,
    channels: new Map([
      ['ecommerce', { code: 'ecommerce', locales: ['en_US', 'de_DE'], currencies: ['EUR'], labels: {} }],
      ['print', { code: 'print', locales: ['en_US', 'fr_FR'], currencies: ['EUR', 'USD'], labels: {} }],
    ]),
    locales: new Map([
      ['de_DE', true],
      ['en_US', true],
      ['fr_FR', true],
      ['it_IT', false],
    ]),
    currencies: new Map([
      ['EUR', true],
      ['GBP', false],
      ['USD', true],
    ]),
    families: new Map([
      ['lamps', { code: 'lamps', attribute_as_label: 'name', attributes: [identifier, 'name'], labels: {} }],
    ]),
    setAttribute: (attribute) => {
      if (!/^[a-zA-Z0-9_]+$/.test(attribute.code)) throw new Error(`${attribute.code} is no attribute code`)
      attributes.set(attribute.code, { localizable: false, scopable: false, ...attribute })
    },
    setProduct: (sku, product = {}) => {
      if (!identifierPattern.test(sku) || sku.length > 255 || !sku.isWellFormed()) {
        throw new Error(`Akeneo takes no identifier ${JSON.stringify(sku)}`)
      }
      const known = it.bySku(sku)
      const values = { ...product.values, [identifier]: [{ locale: null, scope: null, data: sku }] }
      const identity = known && { uuid: known.uuid, created: known.created }
      const stored = store({ ...identity, ...product, values })
      uuids.set(sku, stored.uuid)
      return stored
    },
    addProductWithoutSku: (product = {}) => store(product),
    setModel: (code, model = {}) => {
      checkValues(model.values ?? {})
      const before = models.get(code)
      const stored = { code, parent: null, values: {}, updated: clock.now(), ...model }
      models.set(code, stored)
      const change = { entity: 'product_model', author, state: stored } as const
      if (before === undefined) tell({ ...change, verb: 'created' })
      else if (!isSame(before, stored)) tell({ ...change, verb: 'updated', before })
    },
    removeProduct: (uuid) => {
      const before = products.get(uuid)
      if (before === undefined) throw new Error(`The Akeneo stand-in has no product ${uuid}`)
      products.delete(uuid)
      tell({ entity: 'product', author, verb: 'deleted', state: before })
    },
    removeModel: (code) => {
      const before = models.get(code)
      if (before === undefined) throw new Error(`The Akeneo stand-in has no product model ${code}`)
      const below = [...products.values(), ...models.values()].some(({ parent }) => parent === code)
      if (below) throw new Error(`The product model ${code} still has something below it`)
      models.delete(code)
      tell({ entity: 'product_model', author, verb: 'deleted', state: before })
    },
    changedBy: (somebody, work) => {
      const usual = author
      author = somebody
      try {
        return work()
      } finally {
        author = usual
      }
    },
    onChange: (listener) => {
      listeners.push(listener)
    },
    skuOf: (product) => {
      const data = Object.hasOwn(product.values, identifier)
        ? product.values[identifier]?.[0]?.data
        : undefined
      return typeof data === 'string' ? data : undefined
    },
    bySku: (sku) => {
      const found = products.get(uuids.get(sku) ?? '')
      return found !== undefined && it.skuOf(found) === sku ? found : undefined
    },
    allValues: (product) => {
      const above = product.parent === null ? undefined : models.get(product.parent)
      return { ...(above === undefined ? {} : it.allValues(above)), ...product.values }
    },
    lastChange: (product) =>
      Math.max(product.updated, ...it.ancestors(product).map((code) => models.get(code)?.updated ?? 0)),
    ancestors: (product) => {
      const above = product.parent === null ? undefined : models.get(product.parent)
      return above === undefined ? [] : [above.code, ...it.ancestors(above)]
    },
  }

  it.setAttribute({ code: identifier, type: 'pim_catalog_identifier' })
  it.setAttribute({ code: 'name', type: 'pim_catalog_text', localizable: true })
  it.setAttribute({ code: 'description', type: 'pim_catalog_textarea', localizable: true, scopable: true })
  it.setAttribute({ code: 'supplier', type: 'pim_catalog_text' })
  return it
}
