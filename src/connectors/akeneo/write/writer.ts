import type { CallContext } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import type { FactValue, ProductChange, ProductUpdate } from '../../../core/product'
import { shown } from '../../../core/shown'
import { inRounds, type RoundResult, refusedUpdate } from '../../kit/update-rounds'
import type { AkeneoCalls } from '../calls'
import type { AkeneoAttribute, AkeneoCatalogue } from '../catalogue/catalogue'
import type { ProductSearch } from '../catalogue/search'
import { type AkeneoEntry, pickLabel, type Selection } from '../catalogue/selection'
import type { AkeneoClient } from '../client'
import { type AkeneoSettings, productFields } from '../inputs'
import { phpMap } from '../php-map'
import { type Line, type LineValue, sendLines } from './lines'
import { createWriteStructure } from './structure'
import { createTargetReader, type Target } from './targets'
import { encode, sameData, whyNotWritten } from './values'

/** Writes values of products and product models. */
export type ProductWriter = {
  /** @see PimCommunicator.updateProducts */
  update(changes: readonly ProductChange[], call: CallContext): Promise<readonly ProductUpdate[]>
}

/** An attribute in one locale and one channel. */
type Place = { attribute: AkeneoAttribute; locale: string | null; scope: string | null }
/** A value that a change wants, and whether the target holds it already. */
type Wanted = LineValue & { isHeld: boolean }
/** A change whose values are known to be writable. */
type Plan = { target: Target; wanted: readonly Wanted[] }

/** Creates it; `send` sends once. */
export function createProductWriter(
  settings: AkeneoSettings,
  parts: {
    client: AkeneoClient
    catalogue: AkeneoCatalogue
    search: ProductSearch
    send: AkeneoCalls['send']
    clock: Clock
  },
): ProductWriter {
  const { catalogue, clock, send } = parts
  const reader = createTargetReader(settings, parts)
  const structure = createWriteStructure(settings, parts)

  return {
    update: (changes, call) => inRounds(changes, call, clock, (open) => round(open, call)),
  }

  async function round(
    changes: readonly ProductChange[],
    call: CallContext,
  ): Promise<readonly RoundResult[]> {
    if (changes.length === 0) return []
    const selection = await catalogue.selection(call)
    const codes = [...new Set(changes.flatMap(({ values }) => Object.keys(values).map(codeOf)))]
    const known = codes.filter((code) => /^\w+$/.test(code))
    const attributes = known.length === 0 ? new Map() : await catalogue.attributes(known, call)
    const reading = { ...selection, attributes: [...attributes.keys()] }
    const refs = changes.map(({ ref }) => ref)
    const targets = await reader.targets(refs, reading, call)
    const plans: (Plan | ProductUpdate)[] = []
    for (const [index, { values }] of changes.entries()) {
      const target = targets[index]
      plans.push(
        target === undefined ? { kind: 'unknown' } : await plan(values, target, attributes, selection, call),
      )
    }
    return write(plans, reading, call)
  }

  async function plan(
    values: ProductChange['values'],
    target: Target,
    attributes: ReadonlyMap<string, AkeneoAttribute>,
    selection: Selection,
    call: CallContext,
  ): Promise<Plan | ProductUpdate> {
    const wanted: Wanted[] = []
    for (const [name, value] of Object.entries(values)) {
      const place = placeOf(name, attributes, selection)
      if ('problem' in place) return refusedUpdate('AKENEO_ATTRIBUTE_REFUSED', place.problem)
      const found = await wantedOf(place, value, target, selection, call)
      if ('problem' in found) {
        return refusedUpdate(
          'AKENEO_VALUE_REFUSED',
          `the attribute ${name} does not take this: ${found.problem}`,
        )
      }
      wanted.push(found)
    }
    if (target.isProposed && wanted.some(({ isHeld }) => !isHeld)) {
      return refusedUpdate(
        'AKENEO_NOT_OWNED',
        `the connection may not change ${target.value} by itself, only propose a change: give its user group "Own products" for a category of the product`,
      )
    }
    return { target, wanted }
  }

  function placeOf(
    name: string,
    attributes: ReadonlyMap<string, AkeneoAttribute>,
    { channels, locales }: Selection,
  ): Place | { problem: string } {
    const attribute = attributes.get(codeOf(name))
    if (attribute === undefined) {
      const isField = productFields.some((field) => field === name)
      return {
        problem: isField
          ? `${name} is no attribute, and is not written`
          : `Akeneo has no attribute ${shown(name)}, or does not show it: check its code, upper and lower case included`,
      }
    }
    const problem = whyNotWritten(attribute)
    if (problem !== undefined) return { problem }
    const named = name.slice(attribute.code.length + 1)
    const locale = attribute.localizable ? named || locales[0] : null
    const scope = attribute.scopable ? channels[0] : null
    if (named !== '' && !attribute.localizable)
      return { problem: `the attribute ${attribute.code} has no locales` }
    if (locale === undefined || (locale !== null && !locales.includes(locale))) {
      return { problem: `${name} needs a locale that is among those of ${settings.inputs}_LOCALES` }
    }
    if (scope === undefined) return { problem: `${name} needs a channel: set ${settings.inputs}_CHANNEL` }
    return { attribute, locale, scope }
  }

  async function wantedOf(
    place: Place,
    value: FactValue,
    target: Target,
    selection: Selection,
    call: CallContext,
  ): Promise<Wanted | { problem: string }> {
    const { attribute, locale, scope } = place
    const { code, type } = attribute
    const entry = target.held(code, locale, scope)
    const encoded = encode(value, { attribute, held: entry?.data })
    if ('problem' in encoded) return encoded
    const wanted = { attribute: code, type, locale, scope }
    if (sameData(type, entry?.data, encoded.data)) return { ...wanted, data: encoded.data, isHeld: true }
    if (!selects.has(type) || encoded.data === null) return { ...wanted, data: encoded.data, isHeld: false }
    const names = [encoded.data].flat().map(String)
    const held = entry === undefined ? [] : namesIn(entry, selection)
    const codes: string[] = []
    for (const name of names) {
      const found =
        held.find((it) => it.name === name)?.code ?? (await structure.option(code, name, selection, call))
      if (found === undefined)
        return { problem: `${shown(name)} is neither the code nor the label of one of its options` }
      codes.push(found)
    }
    const data = type === multiSelect ? [...new Set(codes)] : (codes[0] ?? null)
    return { ...wanted, data, isHeld: sameData(type, entry?.data, data) }
  }

  async function write(
    plans: readonly (Plan | ProductUpdate)[],
    reading: Selection,
    call: CallContext,
  ): Promise<readonly RoundResult[]> {
    const due = plans.flatMap((it) =>
      'wanted' in it && it.wanted.some(({ isHeld }) => !isHeld) ? [it.target] : [],
    )
    const above = [...new Set(due.flatMap(({ kind, parent }) => (kind === 'product' ? (parent ?? []) : [])))]
    const models = await reader.models(above, reading, call)
    const lines = new Map<string, Line>()
    /** The lines that each change waits for. */
    const waits: (readonly Line[] | ProductUpdate)[] = []
    for (const it of plans) waits.push('wanted' in it ? await linesFor(it, models, lines, call) : it)
    const results = await sendLines([...lines.values()], { send, settings }, call)
    if ([...results.values()].some(({ kind }) => kind === 'refused')) {
      // What is refused may be so for something that has changed in Akeneo since it was read.
      catalogue.forgetAttributes()
      structure.forget()
    }
    return waits.map((it) => ('kind' in it ? it : worst(it.flatMap((line) => results.get(line) ?? []))))
  }

  /** Puts the values into the lines of the product and of the models above it, where its family variant has them. */
  async function linesFor(
    { target, wanted }: Plan,
    models: ReadonlyMap<string, Target>,
    lines: Map<string, Line>,
    call: CallContext,
  ): Promise<readonly Line[] | ProductUpdate> {
    const model = target.kind === 'model' ? target : models.get(target.parent ?? '')
    const places: { value: Wanted; owner: Pick<Target, 'name' | 'value'> }[] = []
    for (const value of wanted) {
      const owner = await ownerOf(value.attribute, target, model, call)
      if (owner === 'below') {
        return refusedUpdate(
          'AKENEO_ATTRIBUTE_REFUSED',
          `the attribute ${value.attribute} is one of the variants below the model ${target.value}, not of the model`,
        )
      }
      places.push({ value, owner })
    }
    const mine = new Set<Line>()
    for (const { value, owner } of places) {
      const key = `${owner.name} ${owner.value}`
      const line = lines.get(key) ?? { name: owner.name, value: owner.value, values: new Map() }
      const place = JSON.stringify([value.attribute, value.locale, value.scope])
      const before = line.values.get(place)
      if (value.isHeld && before === undefined) continue
      if (before === undefined || !sameData(value.type, before.data, value.data))
        line.values.set(place, value)
      lines.set(key, line)
      mine.add(line)
    }
    return [...mine]
  }

  async function ownerOf(
    attribute: string,
    target: Target,
    model: Target | undefined,
    call: CallContext,
  ): Promise<Pick<Target, 'name' | 'value'> | 'below'> {
    const { family, familyVariant } = model ?? {}
    if (model === undefined || family === undefined || familyVariant === undefined) return target
    const { depth, levelOf } = await structure.levels(family, familyVariant, call)
    const level = levelOf.get(attribute) ?? 0
    const modelLevel = model.parent === undefined ? 0 : 1
    if (target.kind === 'product' && level === depth) return target
    if (level > modelLevel) return 'below'
    return level < modelLevel && model.parent !== undefined ? { name: 'code', value: model.parent } : model
  }
}

const multiSelect = 'pim_catalog_multiselect'
const selects: ReadonlySet<string> = new Set(['pim_catalog_simpleselect', multiSelect])

/** `name-de_DE` is `name` in one locale; a code has no hyphen. */
const codeOf = (name: string): string => name.replace(/-[a-z]{2,3}_\w+$/i, '')

/** The options that a value has, by what they are read as. */
function namesIn(
  { data, linked = {}, locale }: AkeneoEntry,
  selection: Selection,
): { code: string; name: string }[] {
  const options = 'labels' in linked ? [linked] : Object.values(linked)
  const labels = new Map(
    options.flatMap((option): [string, Readonly<Record<string, unknown>>][] => {
      const item = phpMap(option)
      return item.code === undefined ? [] : [[String(item.code), phpMap(item.labels)]]
    }),
  )
  return [data].flat().map((item) => {
    const code = String(item)
    return { code, name: pickLabel(labels.get(code) ?? {}, selection, locale) ?? code }
  })
}

/** Of a change whose values went to several lines. */
function worst(results: readonly RoundResult[]): RoundResult {
  for (const kind of ['refused', 'unknown', 'again', 'updated'] as const) {
    const found = results.find((result) => result.kind === kind)
    if (found !== undefined) return found
  }
  return { kind: 'unchanged' }
}
