import { isRecord } from './json'

/** Tells whether a text is a JSON Pointer: empty, or `/` before each name (RFC 6901). */
export const isJsonPointer = (text: string): boolean => text === '' || /^(\/([^~/]|~[01])*)+$/.test(text)

/** What stands at a JSON Pointer; undefined when nothing does. */
export function atPointer(document: unknown, pointer: string): unknown {
  let value = document
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(name) ? value[Number(name)] : undefined
    else if (isRecord(value) && Object.hasOwn(value, name)) value = value[name]
    else return undefined
  }
  return value
}
