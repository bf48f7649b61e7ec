import * as v from 'valibot'
import type { CallContext } from '../../../core/call-context'
import { systemicError } from '../../../core/errors'
import type { AkeneoAccess } from './access'
import { attributeUnknown, type Purpose, unexpectedAnswer } from './errors'
import type { AssetSettings } from './inputs'
import { tooShortFor } from './stamp'

const Attribute = v.object({
  code: v.string(),
  type: v.string(),
  value_per_locale: v.optional(v.boolean(), false),
  value_per_channel: v.optional(v.boolean(), false),
  max_characters: v.nullish(v.number()),
  max_file_size: v.nullish(v.union([v.string(), v.number()])),
  allowed_extensions: v.nullish(v.array(v.string())),
})
const Attributes = v.array(Attribute)

/** An attribute of an asset family, as far as it matters. */
export type FamilyAttribute = v.InferOutput<typeof Attribute>

/** The attributes of families, cached by the container for a while. */
export type AkeneoFamily = {
  /**
   * By code.
   * @throws {BridgeError} systemic: `AKENEO_FAMILY_UNKNOWN`, `AKENEO_ATTRIBUTE_UNKNOWN` for one that the settings name
   */
  attributes(call: CallContext): Promise<ReadonlyMap<string, FamilyAttribute>>
  /** Drops the cached attributes. */
  forget(): void
}

const lifeMs = 10 * 60_000

/** A 404 on anything of a family. */
export const familyPurpose = (family: string, permission: string, inputs: string): Purpose => ({
  permission,
  missing: (details) =>
    systemicError(
      'AKENEO_FAMILY_UNKNOWN',
      `Akeneo has no asset family ${family}, or does not show it: check ${inputs}_ASSET_FAMILY, its case too, the permission "List asset families", and that your edition has the Asset Manager`,
      details,
    ),
})

/** Creates an empty cache. */
export function createFamily(settings: AssetSettings, access: AkeneoAccess): AkeneoFamily {
  const { family } = settings
  let known: { attributes: ReadonlyMap<string, FamilyAttribute>; until: number } | undefined

  return {
    attributes,
    forget: () => {
      known = undefined
    },
  }

  async function attributes(call: CallContext): Promise<ReadonlyMap<string, FamilyAttribute>> {
    if (known !== undefined && access.clock.now() < known.until) return known.attributes
    const purpose = familyPurpose(family, 'List asset families', access.inputs)
    const answer = v.safeParse(
      Attributes,
      await access.find(`asset-families/${family}/attributes`, purpose, call),
    )
    if (!answer.success) throw unexpectedAnswer('a list of attributes that is none', access.inputs)
    const found = new Map(answer.output.map((attribute) => [attribute.code, attribute]))
    check(settings, found)
    known = { attributes: found, until: access.clock.now() + lifeMs }
    return found
  }
}

function check(settings: AssetSettings, attributes: ReadonlyMap<string, FamilyAttribute>): void {
  const { family, mediaAttribute, mediaLocale, mediaChannel, versionAttribute, values, link, roles } =
    settings
  const expectOne = (
    code: string,
    types: readonly string[] | undefined,
    locale: string | null,
    channel: string | null,
  ): void => {
    const found = attributes.get(code)
    if (found === undefined) {
      throw attributeUnknown(
        `the asset family ${family} has no attribute ${code}: create it, or name another one`,
      )
    }
    if (types !== undefined && !types.includes(found.type)) {
      throw attributeUnknown(
        `the attribute ${code} of ${family} is a ${found.type}; it has to be a ${types.join(' or ')}`,
      )
    }
    if (found.value_per_locale !== (locale !== null) || found.value_per_channel !== (channel !== null)) {
      throw attributeUnknown(
        `the attribute ${code} of ${family} needs ${found.value_per_locale ? 'a' : 'no'} locale and ${found.value_per_channel ? 'a' : 'no'} channel: say so in config/destinations.ts`,
      )
    }
  }
  expectOne(mediaAttribute, [link === undefined ? 'media_file' : 'media_link'], mediaLocale, mediaChannel)
  expectOne(versionAttribute, ['text'], null, null)
  const { max_characters: max } = attributes.get(versionAttribute) ?? {}
  const tooShort = tooShortFor(versionAttribute, max, roles !== undefined)
  if (tooShort !== undefined) throw attributeUnknown(`${tooShort} in the asset family ${family}`)
  for (const { attribute, locale = null, channel = null } of values) {
    if (attribute === mediaAttribute || attribute === versionAttribute) {
      throw systemicError(
        'CONFIG_INVALID',
        `\`values\` in config/destinations.ts fills ${attribute}, which the destination fills itself: name another attribute`,
      )
    }
    expectOne(attribute, undefined, locale, channel)
  }
}
