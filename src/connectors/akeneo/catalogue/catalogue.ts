import type { CallContext } from '../../../core/call-context'
import { chunksOf } from '../../../core/chunks'
import type { Clock } from '../../../core/clock'
import { isRecord } from '../../../core/json'
import { isOk, jsonBody } from '../../../http/response'
import { createSingleFlight } from '../../../http/single-flight'
import type { AkeneoClient } from '../client'
import { isNotPermitted, noAnswer, refusal, unknownSelection, upstreamName } from '../errors'
import type { AkeneoSettings } from '../inputs'
import { phpMap } from '../php-map'
import { createCache } from './cache'
import type { Selection } from './selection'

/** Catalogue data that is the same for all products, cached by the container for a while. */
export type AkeneoCatalogue = {
  /**
   * Which values count, by the inputs and the channels that there are.
   * @throws {BridgeError} systemic `AKENEO_SELECTION_UNKNOWN` for a channel or locale that is not in use
   */
  selection(call: CallContext): Promise<Selection>
  /** Types of attributes by code; unknown ones are absent. */
  types(codes: readonly string[], call: CallContext): Promise<ReadonlyMap<string, string>>
  /** Attributes by code; unknown ones are absent. */
  attributes(codes: readonly string[], call: CallContext): Promise<ReadonlyMap<string, AkeneoAttribute>>
  /** Has attributes read again, when Akeneo refuses a value: they may be others by now. */
  forgetAttributes(): void
  /**
   * Labels by locale of an attribute's option, or of a reference entity's record; undefined for one that does not
   * exist. Without the permission to list options it is undefined, too, and a warning says so once.
   * @param owner code of the attribute or of the reference entity
   */
  labels(kind: Labelled, owner: string, code: string, call: CallContext): Promise<Labels | undefined>
}

/** An attribute of products, as far as it matters. */
export type AkeneoAttribute = {
  code: string
  /** As Akeneo calls it, such as `pim_catalog_text`. */
  type: string
  localizable: boolean
  scopable: boolean
  /** Of a measurement: the unit that its family begins with. */
  unit: string | undefined
}

export type Labelled = 'option' | 'record'
type Labels = Readonly<Record<string, unknown>>

/** How long cached data is used. */
const structureLifeMs = 60 * 60_000
const labelsLifeMs = 10 * 60_000
/** For what several calls wait for, the waits between attempts included. */
const limitMs = 30_000
const codesPerCall = 100

/** Creates an empty one. */
export function createAkeneoCatalogue(
  settings: AkeneoSettings,
  parts: { client: AkeneoClient; clock: Clock },
): AkeneoCatalogue {
  const { client, clock } = parts
  const { inputs } = settings
  const whenNoChannels = `or set ${inputs}_CHANNEL to one channel and ${inputs}_LOCALES to your locales`
  const flightOf = <T>(what: string) =>
    createSingleFlight<T>({ clock, limitMs, late: () => noAnswer(what, limitMs) })
  const known = createCache<AkeneoAttribute | undefined>(clock, structureLifeMs)
  const options = createCache<Labels | undefined>(clock, labelsLifeMs)
  const selections = createCache<Selection>(clock, structureLifeMs)
  const selectionFlights = flightOf<Selection>('channels')
  const attributeFlights = flightOf<void>('attributes')
  const labelFlights = flightOf<Labels | undefined>('options')
  /** Until when options are not asked for, since Akeneo does not let this connection list them. */
  let withoutOptionsUntil = 0
  let hasWarned = false

  return { selection, types, attributes, forgetAttributes: () => known.clear(), labels }

  async function selection(call: CallContext): Promise<Selection> {
    // Akeneo checks both itself: nothing has to be fetched.
    if (settings.channels.length === 1 && settings.locales.length > 0) {
      return { channels: settings.channels, locales: settings.locales, otherLocales: false }
    }
    const cached = selections.get('')
    if (cached !== undefined) return cached.value
    return selectionFlights('', call, async (own) => {
      const found = select(await readChannels(own))
      selections.set('', found)
      return found
    })
  }

  async function readChannels(call: CallContext): Promise<ReadonlyMap<string, readonly string[]>> {
    const channels = new Map<string, readonly string[]>()
    const asked = { permission: 'List channels', otherwise: whenNoChannels }
    for await (const page of client.pages({ path: 'channels', query: { limit: '100' } }, asked, call)) {
      for (const item of page.items) {
        if (isRecord(item) && typeof item.code === 'string') channels.set(item.code, textsOf(item.locales))
      }
    }
    return channels
  }

  function select(known: ReadonlyMap<string, readonly string[]>): Selection {
    const channels = settings.channels.length > 0 ? settings.channels : [...known.keys()].slice(0, 1)
    const strangers = channels.filter((code) => !known.has(code))
    if (strangers.length > 0) {
      throw unknownSelection([`${strangers.join(', ')} in ${inputs}_CHANNEL`], 'there is no such channel')
    }
    const active = new Set(channels.flatMap((code) => known.get(code) ?? []))
    const unused = settings.locales.filter((locale) => !active.has(locale))
    if (unused.length > 0) {
      throw unknownSelection(
        [`${unused.join(', ')} in ${inputs}_LOCALES`],
        `no locale of the channel ${channels.join(', ')}`,
      )
    }
    const isEvery = settings.locales.length === 0
    return { channels, locales: isEvery ? [...active] : settings.locales, otherLocales: isEvery }
  }

  async function types(codes: readonly string[], call: CallContext): Promise<ReadonlyMap<string, string>> {
    const found = await attributes(codes, call)
    return new Map([...found].map(([code, { type }]) => [code, type]))
  }

  async function attributes(
    codes: readonly string[],
    call: CallContext,
  ): Promise<ReadonlyMap<string, AkeneoAttribute>> {
    const missing = codes.filter((code) => known.get(code) === undefined)
    for (const batch of chunksOf(missing, codesPerCall)) {
      await attributeFlights(batch.join(), call, (own) => learn(batch, own))
    }
    return new Map(
      codes.flatMap((code): [string, AkeneoAttribute][] => {
        const attribute = known.get(code)?.value
        return attribute === undefined ? [] : [[code, attribute]]
      }),
    )
  }

  async function learn(codes: readonly string[], call: CallContext): Promise<void> {
    const search = JSON.stringify({ code: [{ operator: 'IN', value: codes }] })
    const request = { path: 'attributes', query: { search, limit: `${codesPerCall}` } }
    const found = new Map<string, AkeneoAttribute>()
    for await (const page of client.pages(request, { permission: 'List attributes' }, call)) {
      for (const item of page.items) {
        const attribute = readAttribute(item)
        if (attribute !== undefined) found.set(attribute.code, attribute)
      }
    }
    for (const code of codes) known.set(code, found.get(code))
  }

  async function labels(
    kind: Labelled,
    owner: string,
    code: string,
    call: CallContext,
  ): Promise<Labels | undefined> {
    const key = `${kind} ${owner} ${code}`
    const known = options.get(key)
    if (known !== undefined) return known.value
    if (kind === 'option' && clock.now() < withoutOptionsUntil) return undefined
    return labelFlights(key, call, async (own) => {
      const found = await readLabels(kind, owner, code, own)
      if (found !== 'not permitted') options.set(key, found)
      return found === 'not permitted' ? undefined : found
    })
  }

  async function readLabels(
    kind: Labelled,
    owner: string,
    code: string,
    call: CallContext,
  ): Promise<Labels | undefined | 'not permitted'> {
    const { list, items, permission, labelsIn } = sources[kind]
    const path = `${list}/${encodeURIComponent(owner)}/${items}/${encodeURIComponent(code)}`
    const response = await client.send({ path }, call)
    if (response.status === 404) return undefined
    if (kind === 'option' && isNotPermitted(response)) {
      withoutOptionsUntil = clock.now() + labelsLifeMs
      // A label is worth less than the product: it stays a code.
      if (!hasWarned) {
        const error = refusal(response, { permission }, settings)
        call.logger.warn('options stay codes in place of labels', { error: error.toJSON() })
      }
      hasWarned = true
      return 'not permitted'
    }
    if (!isOk(response)) throw refusal(response, { permission }, settings)
    const body = jsonBody(upstreamName, response)
    return isRecord(body) ? labelsIn(body) : undefined
  }
}

function readAttribute(item: unknown): AkeneoAttribute | undefined {
  if (!isRecord(item)) return undefined
  const { code, type, localizable, scopable, default_metric_unit: unit } = item
  if (typeof code !== 'string' || typeof type !== 'string') return undefined
  return {
    code,
    type,
    localizable: localizable === true,
    scopable: scopable === true,
    unit: typeof unit === 'string' && unit !== '' ? unit : undefined,
  }
}

/** The sources of labels. */
const sources: Record<
  Labelled,
  { list: string; items: string; permission: string; labelsIn(item: Labels): Labels }
> = {
  option: {
    list: 'attributes',
    items: 'options',
    permission: 'List attribute options',
    labelsIn: ({ labels }) => phpMap(labels),
  },
  record: {
    list: 'reference-entities',
    items: 'records',
    permission: 'List reference entity records',
    // Akeneo's own name of the attribute that each record has.
    labelsIn: ({ values }) => byLocale(phpMap(values).label),
  },
}

const byLocale = (values: unknown): Labels =>
  Object.fromEntries(
    (Array.isArray(values) ? values : []).flatMap((value): [string, unknown][] =>
      isRecord(value) && typeof value.locale === 'string' ? [[value.locale, value.data]] : [],
    ),
  )

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
