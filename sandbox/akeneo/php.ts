import type { JsonValue } from '../json'

/**
 * A map as PHP writes it to JSON, which knows arrays only: one without members is a list, and so is one whose keys are
 * 0, 1, 2 and so on in that order, for PHP takes a numeric key for a number (PHP, `json_encode`).
 */
export const phpMap = (map: Readonly<Record<string, JsonValue>>): JsonValue => {
  const entries = Object.entries(map)
  return entries.every(([key], index) => key === String(index))
    ? entries.map(([, value]) => value)
    : { ...map }
}
