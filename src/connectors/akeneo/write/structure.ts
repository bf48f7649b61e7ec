import type { CallContext } from '../../../core/call-context'
import type { Clock } from '../../../core/clock'
import { isRecord } from '../../../core/json'
import { isOk, jsonBody } from '../../../http/response'
import { createCache } from '../catalogue/cache'
import { pickLabel, type Selection } from '../catalogue/selection'
import type { AkeneoClient } from '../client'
import { refusal, upstreamName } from '../errors'
import type { AkeneoSettings } from '../inputs'
import { phpMap } from '../php-map'

/** How many levels a family variant has below its root model, and where attributes are; others are at the root. */
export type VariantLevels = { depth: number; levelOf: ReadonlyMap<string, number> }

/** What of the catalogue matters for writing only, cached by the container for a while. */
export type WriteStructure = {
  /** @throws {BridgeError} systemic without the permission "List family variants" */
  levels(family: string, variant: string, call: CallContext): Promise<VariantLevels>
  /**
   * The code of an option, by its code or by its label; undefined when there is none, or when several have the label.
   * @throws {BridgeError} systemic without the permission "List attribute options"
   */
  option(
    attribute: string,
    name: string,
    selection: Selection,
    call: CallContext,
  ): Promise<string | undefined>
  /** Has everything read again. */
  forget(): void
}

type Options = ReadonlyMap<string, Readonly<Record<string, unknown>>>

const levelsLifeMs = 60 * 60_000
const optionsLifeMs = 10 * 60_000

/** Creates an empty one. */
export function createWriteStructure(
  settings: AkeneoSettings,
  parts: { client: AkeneoClient; clock: Clock },
): WriteStructure {
  const { client, clock } = parts
  const variants = createCache<VariantLevels>(clock, levelsLifeMs)
  const options = createCache<Options>(clock, optionsLifeMs)

  return { levels, option, forget }

  function forget(): void {
    variants.clear()
    options.clear()
  }

  async function levels(family: string, variant: string, call: CallContext): Promise<VariantLevels> {
    const path = `families/${encodeURIComponent(family)}/variants/${encodeURIComponent(variant)}`
    const known = variants.get(path)
    if (known !== undefined) return known.value
    const response = await client.send({ path }, call)
    if (!isOk(response)) throw refusal(response, { permission: 'List family variants' }, settings)
    const found = readLevels(jsonBody(upstreamName, response))
    variants.set(path, found)
    return found
  }

  async function option(
    attribute: string,
    name: string,
    selection: Selection,
    call: CallContext,
  ): Promise<string | undefined> {
    const found = options.get(attribute)?.value ?? (await readOptions(attribute, call))
    if (found.has(name)) return name
    const codes = [...found].flatMap(([code, labels]) =>
      pickLabel(labels, selection, null) === name ? [code] : [],
    )
    return codes.length === 1 ? codes[0] : undefined
  }

  async function readOptions(attribute: string, call: CallContext): Promise<Options> {
    const found = new Map<string, Readonly<Record<string, unknown>>>()
    const request = { path: `attributes/${encodeURIComponent(attribute)}/options`, query: { limit: '100' } }
    for await (const page of client.pages(request, { permission: 'List attribute options' }, call)) {
      for (const item of page.items) {
        if (isRecord(item) && typeof item.code === 'string') found.set(item.code, phpMap(item.labels))
      }
    }
    options.set(attribute, found)
    return found
  }
}

function readLevels(body: unknown): VariantLevels {
  const sets: unknown[] =
    isRecord(body) && Array.isArray(body.variant_attribute_sets) ? body.variant_attribute_sets : []
  const levelOf = sets.flatMap((set): [string, number][] => {
    if (!isRecord(set) || typeof set.level !== 'number' || !Array.isArray(set.attributes)) return []
    const { level } = set
    return set.attributes.flatMap((code: unknown): [string, number][] =>
      typeof code === 'string' ? [[code, level]] : [],
    )
  })
  return { depth: sets.length, levelOf: new Map(levelOf) }
}
