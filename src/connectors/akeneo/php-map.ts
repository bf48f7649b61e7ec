import { isRecord } from '../../core/json'

/**
 * A map of Akeneo's as one, by key. Akeneo is written in PHP, which has one kind of array: without members it leaves as
 * a JSON list, and so it does with the keys 0, 1, 2 and so on, for codes may be numbers. That holds for values, labels,
 * linked data and associations. Anything else is an empty map.
 * Source: PHP, `json_encode`; akeneo/pim-community-dev, ConnectorProduct.
 */
export function phpMap(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, index) => [String(index), item]))
  return isRecord(value) ? value : {}
}
