import { isRecord, type JsonValue } from '../../../core/json'
import { isBlank } from '../../../metadata/values'
import { phpMap } from '../php-map'

/** Chooses the value of an attribute. */
export type Selection = {
  /** Best first; values of other channels never count. */
  channels: readonly string[]
  /** Best first. */
  locales: readonly string[]
  /** Whether locales that are not listed are used as well, after all others. */
  otherLocales: boolean
  /** Codes of the attributes to fetch, in place of those of the input. */
  attributes?: readonly string[]
}

/** One value of an attribute as the REST API gives it. */
export type AkeneoEntry = {
  locale: string | null
  scope: string | null
  data: JsonValue
  /** Such as `pim_catalog_text`; only newer versions give it. */
  type: string | undefined
  /** The reference entity or asset family that the codes in it belong to. */
  reference: string | undefined
  /** Labels of options, when they were asked for. */
  linked: Readonly<Record<string, unknown>> | undefined
}

/** Reads a value; undefined for what is none, or has nothing in it. */
export function readEntry(value: unknown): AkeneoEntry | undefined {
  if (!isRecord(value)) return undefined
  const data = value.data as JsonValue | undefined
  if (data === undefined || isBlank(data)) return undefined
  const text = (name: string): string | null => {
    const item = value[name]
    return typeof item === 'string' && item !== '' ? item : null
  }
  return {
    locale: text('locale'),
    // Assets and records say `channel` for what products call `scope`.
    scope: text('scope') ?? text('channel'),
    data,
    type: text('attribute_type') ?? undefined,
    reference: text('reference_data_name') ?? undefined,
    linked: isMap(value.linked_data) ? phpMap(value.linked_data) : undefined,
  }
}

const isMap = (value: unknown): boolean => isRecord(value) || Array.isArray(value)

/**
 * The value that counts: of the best channel, and there of the best locale. A value that is for all channels or all
 * locales is as good as the best. Undefined when none counts.
 */
export function pickEntry(entries: readonly AkeneoEntry[], selection: Selection): AkeneoEntry | undefined {
  const ranked = entries.flatMap((entry) => {
    const channel = entry.scope === null ? 0 : selection.channels.indexOf(entry.scope)
    const locale = entry.locale === null ? 0 : rankOfLocale(entry.locale, selection)
    return channel < 0 || locale < 0 ? [] : [{ entry, channel, locale }]
  })
  ranked.sort(
    (a, b) => a.channel - b.channel || a.locale - b.locale || compare(a.entry.locale, b.entry.locale),
  )
  return ranked[0]?.entry
}

function rankOfLocale(locale: string, { locales, otherLocales }: Selection): number {
  const rank = locales.indexOf(locale)
  return rank < 0 && otherLocales ? locales.length : rank
}

/** Always the same order, whatever the machine's language. */
const compare = (a: string | null, b: string | null): number => {
  if (a === b) return 0
  return (a ?? '') < (b ?? '') ? -1 : 1
}

/**
 * The label in the best locale that has one; undefined when none has.
 * @param first the locale of the value itself, which comes before all others
 */
export function pickLabel(
  labels: Readonly<Record<string, unknown>>,
  selection: Selection,
  first: string | null,
): string | undefined {
  const others = selection.otherLocales ? Object.keys(labels).sort() : []
  for (const locale of [...(first === null ? [] : [first]), ...selection.locales, ...others]) {
    const label = Object.hasOwn(labels, locale) ? labels[locale] : undefined
    if (typeof label === 'string' && label.trim() !== '') return label
  }
  return undefined
}
