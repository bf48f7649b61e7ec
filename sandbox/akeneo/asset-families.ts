import { isJsonObject, type JsonValue } from '../json'
import { Refused } from './refusal'
import type { UploadedFile } from './uploads'

/** An attribute of an asset family. */
export type AssetAttribute = {
  code: string
  type:
    | 'text'
    | 'number'
    | 'boolean'
    | 'media_file'
    | 'media_link'
    | 'single_option'
    | 'multiple_options'
    | 'date'
  value_per_locale: boolean
  value_per_channel: boolean
  /** Of text. */
  max_characters?: number
  /** Of a media file: in MB, as a string, and file extensions without a dot. */
  max_file_size?: string
  allowed_extensions?: string[]
  /** Codes of options. */
  options?: string[]
}

export type AssetValue = { locale: string | null; channel: string | null; data: JsonValue }
export type Asset = { code: string; values: Record<string, AssetValue[]>; updated: number }

export type AssetFamily = {
  code: string
  attributes: Map<string, AssetAttribute>
  assets: Map<string, Asset>
}

/** The asset manager of one PIM. */
export type AssetManager = {
  families: Map<string, AssetFamily>
  /** By code. */
  media: Map<string, UploadedFile>
  /** Adds a family with a media file, a media link, a version and an alternative text; more as told. */
  addFamily(
    code: string,
    attributes?: (Partial<AssetAttribute> & Pick<AssetAttribute, 'code' | 'type'>)[],
  ): AssetFamily
  /**
   * Creates or changes an asset as a PATCH does: values that are not given stay.
   * @throws {Refused} for what the PIM does not take
   */
  upsert(family: AssetFamily, given: JsonValue | undefined, now: number): 'created' | 'updated'
}

const codePattern = /^[a-zA-Z0-9_]{1,255}$/
const attribute = (
  given: Partial<AssetAttribute> & Pick<AssetAttribute, 'code' | 'type'>,
): AssetAttribute => ({
  value_per_locale: false,
  value_per_channel: false,
  ...given,
})

export const createAssetManager = (): AssetManager => {
  const it: AssetManager = {
    families: new Map(),
    media: new Map(),
    addFamily: (code, attributes = []) => {
      const all = [
        attribute({ code: 'media', type: 'media_file' }),
        attribute({ code: 'link', type: 'media_link' }),
        attribute({ code: 'bridge_version', type: 'text', max_characters: 255 }),
        attribute({ code: 'alt', type: 'text', value_per_locale: true }),
        ...attributes.map(attribute),
      ]
      const family = { code, attributes: new Map(all.map((one) => [one.code, one])), assets: new Map() }
      it.families.set(code, family)
      return family
    },
    upsert: (family, given, now) => {
      if (!isJsonObject(given)) throw new Refused(422, 'The asset has an invalid format.')
      const { code, values = {} } = given
      if (typeof code !== 'string' || !codePattern.test(code)) {
        throw new Refused(
          422,
          'The asset has data that does not comply with the business rules: code may contain only letters, numbers and underscores.',
        )
      }
      const stranger = Object.keys(given).find((name) => name !== 'code' && name !== 'values')
      if (stranger !== undefined) throw new Refused(422, `Property "${stranger}" is not expected.`)
      if (!isJsonObject(values)) throw new Refused(422, 'Property "values" expects an object.')
      const known = family.assets.get(code)
      const merged = { ...known?.values }
      for (const [name, entries] of Object.entries(values)) {
        merged[name] = merge(merged[name] ?? [], checked(family, name, entries))
      }
      family.assets.set(code, { code, values: merged, updated: now })
      return known === undefined ? 'created' : 'updated'
    },
  }

  const checked = (family: AssetFamily, name: string, entries: JsonValue | undefined): AssetValue[] => {
    const found = family.attributes.get(name)
    if (found === undefined) {
      throw new Refused(422, `Attribute "${name}" does not exist for the asset family "${family.code}".`)
    }
    if (!Array.isArray(entries)) throw new Refused(422, `The values of "${name}" have to be a list.`)
    return entries.map((entry) => {
      const { locale, channel, data = null, ...rest } = isJsonObject(entry) ? entry : {}
      if (locale === undefined || channel === undefined || Object.keys(rest).length > 0) {
        throw new Refused(422, `A value of "${name}" needs "locale", "channel" and "data", and nothing else.`)
      }
      if ((locale !== null) !== found.value_per_locale || (channel !== null) !== found.value_per_channel) {
        throw new Refused(422, `A value of "${name}" has the wrong locale or channel.`)
      }
      checkData(found, data)
      return {
        locale: typeof locale === 'string' ? locale : null,
        channel: typeof channel === 'string' ? channel : null,
        data,
      }
    })
  }

  const checkData = (found: AssetAttribute, data: JsonValue): void => {
    const wrong = (why: string) => new Refused(422, `The value of "${found.code}" ${why}.`)
    if (data === null) return
    const { type } = found
    if (
      type === 'boolean'
        ? typeof data !== 'boolean'
        : type === 'multiple_options'
          ? !Array.isArray(data)
          : typeof data !== 'string'
    ) {
      throw wrong(`is no ${type}`)
    }
    const codes = Array.isArray(data) ? data : [data]
    if (/option/.test(type) && codes.some((one) => !found.options?.includes(String(one))))
      throw wrong('is no option of it')
    if (type === 'number' && !/^-?\d+(\.\d+)?$/.test(String(data))) throw wrong('is no number')
    if (type === 'text' && String(data).length > (found.max_characters ?? Number.POSITIVE_INFINITY))
      throw wrong('is too long')
    if (type === 'media_file') {
      const file = it.media.get(String(data))
      if (file === undefined) throw wrong('is no media file that was uploaded')
      const extension = file.name.includes('.')
        ? file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase()
        : ''
      const { allowed_extensions: allowed = [], max_file_size: max } = found
      if (allowed.length > 0 && !allowed.includes(extension))
        throw wrong(`has the extension "${extension}", which is not allowed`)
      if (max !== undefined && file.size > Number(max) * 1_000_000) throw wrong(`is larger than ${max} MB`)
    }
  }
  return it
}

const merge = (held: readonly AssetValue[], given: readonly AssetValue[]): AssetValue[] =>
  [
    ...held.filter((one) => !given.some((it) => it.locale === one.locale && it.channel === one.channel)),
    ...given,
  ].filter(({ data }) => data !== null)
