import type { InputDeclaration } from './declaration'

const quotes = ['"', "'", '`', '“”', '„“', '‘’'] as const
/** As docs and consoles write what somebody has to fill in. */
const placeholder = /^<[^<>]+>$/
const inUrl = /^[a-z][a-z0-9+.-]*:\/\/[^<>]*<[a-z][a-z0-9 _-]*>/i
/** A secret may hold any character, but none holds the name of a secret in angle brackets. */
const secretPlaceholder = /<[a-z -]{0,30}(secret|password|passphrase|key|token|credentials)>/i

/** The text between quotes of one kind at both ends; undefined when there are none. */
function unquoted(text: string): string | undefined {
  for (const pair of quotes) {
    const [open, close] = [pair.charAt(0), pair.slice(-1)]
    const inner = text.slice(1, -1)
    // Of `"a" or "b"` the quotes are a part.
    if (text.length > 1 && text.startsWith(open) && text.endsWith(close) && !inner.includes(close))
      return inner
  }
  return undefined
}

/**
 * What was left in the text of an input when it was copied: quotes around it, or a placeholder such as `<client id>`.
 * @returns the problem, as `must ...`, without the text; undefined when there is none
 */
export function leftoverIn(
  text: string,
  { shape, secret, anyText }: Pick<InputDeclaration, 'shape' | 'secret' | 'anyText'>,
): string | undefined {
  if (anyText) return undefined
  const isPlaceholder = secret
    ? secretPlaceholder.test(text)
    : placeholder.test(unquoted(text) ?? text) || inUrl.test(text)
  if (isPlaceholder) return 'still holds a placeholder in angle brackets (<...>): put the value in its place'
  const inner = unquoted(text)
  if (inner === undefined) return undefined
  // Some shapes, such as lists, take quotes as they take blanks.
  const isTaken = JSON.stringify(shape(text)) === JSON.stringify(shape(inner)) && 'value' in shape(text)
  return isTaken ? undefined : 'must be written without the quotes around it'
}
