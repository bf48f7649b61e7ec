import * as v from 'valibot'
import type { CallContext } from '../../../core/call-context'
import { BridgeError } from '../../../core/errors'
import type { AkeneoAccess } from './access'
import { attributeUnknown, unexpectedAnswer } from './errors'
import type { ProductPlace } from './places'
import { tooShortFor } from './stamp'

const Attribute = v.object({
  code: v.string(),
  type: v.string(),
  localizable: v.optional(v.boolean(), false),
  scopable: v.optional(v.boolean(), false),
  reference_data_name: v.nullish(v.string()),
  max_characters: v.nullish(v.number()),
  max_file_size: v.nullish(v.union([v.string(), v.number()])),
  allowed_extensions: v.nullish(v.array(v.string())),
})

/** An attribute of products, as far as it matters. */
export type ProductAttribute = v.InferOutput<typeof Attribute>

/** The requirements for an attribute. */
export type Wanted = ProductPlace & {
  /** As Akeneo calls it: `pim_catalog_text`. */
  types: readonly string[]
  /** Of a collection: the family whose assets it holds. */
  family?: string
  /** It has to be long enough for a version, or for one with its owner. @default neither */
  version?: 'plain' | 'owned'
}

/** The attributes of products, cached by the container for a while. */
export type ProductAttributes = {
  /**
   * The attribute, which is as it is wanted.
   * @throws {BridgeError} systemic, `AKENEO_ATTRIBUTE_UNKNOWN`: without it no product takes anything
   */
  get(wanted: Wanted, call: CallContext): Promise<ProductAttribute>
  /** Runs work that needs attributes. When Akeneo refuses it, the attributes are read again. */
  using<T>(wanted: readonly Wanted[], call: CallContext, work: () => Promise<T>): Promise<T>
}

const lifeMs = 10 * 60_000

/** Creates an empty cache. */
export function createProductAttributes(access: AkeneoAccess): ProductAttributes {
  const known = new Map<string, { attribute: ProductAttribute; until: number }>()

  return { get, using }

  async function get(wanted: Wanted, call: CallContext): Promise<ProductAttribute> {
    const { attribute: code } = wanted
    const held = known.get(code)
    if (held !== undefined && access.clock.now() < held.until) {
      check(held.attribute, wanted)
      return held.attribute
    }
    const answer = await access.find(`attributes/${code}`, { permission: 'List attributes' }, call)
    if (answer === undefined) {
      throw attributeUnknown(
        `Akeneo has no attribute ${code}, or does not show it: create it, or name another one, its case as in Akeneo`,
      )
    }
    const found = v.safeParse(Attribute, answer)
    if (!found.success) throw unexpectedAnswer('an attribute that is none', access.inputs)
    check(found.output, wanted)
    known.set(code, { attribute: found.output, until: access.clock.now() + lifeMs })
    return found.output
  }

  async function using<T>(wanted: readonly Wanted[], call: CallContext, work: () => Promise<T>): Promise<T> {
    for (const one of wanted) await get(one, call)
    try {
      return await work()
    } catch (thrown) {
      if (thrown instanceof BridgeError && thrown.status === 422) {
        known.clear()
        for (const one of wanted) await get(one, call)
      }
      throw thrown
    }
  }
}

function check(found: ProductAttribute, { types, locale, scope, family, version }: Wanted): void {
  const { code, type, localizable, scopable, reference_data_name: holds, max_characters: max } = found
  if (!types.includes(type)) {
    throw attributeUnknown(`the attribute ${code} is a ${type}; it has to be a ${types.join(' or ')}`)
  }
  if (family !== undefined && holds !== family) {
    throw attributeUnknown(`the attribute ${code} holds assets of ${holds}, and files go to ${family}`)
  }
  const tooShort = version ? tooShortFor(code, max, version === 'owned') : undefined
  if (tooShort !== undefined) throw attributeUnknown(tooShort)
  if (localizable !== (locale !== null) || scopable !== (scope !== null)) {
    throw attributeUnknown(
      `the attribute ${code} needs ${localizable ? 'a' : 'no'} locale and ${scopable ? 'a' : 'no'} channel: say so in config/destinations.ts`,
    )
  }
}
