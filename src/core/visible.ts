/**
 * What steers a terminal or a log instead of being read: C0, DEL and C1, the two line ends of Unicode, and what turns the
 * direction of writing (Unicode, UAX 9).
 */
const steering = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A text on one line, in which everything that steers is written out, such as `\u001b`. */
export const visible = (text: string): string => text.replace(steering, written)

/** The same for a text of our own of several lines: line feeds stay. */
export const visibleLines = (text: string): string =>
  text.replace(steering, (character) => (character === '\n' ? character : written(character)))

const written = (character: string): string =>
  names[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

/** Another system's own words for a message: a space for whatever steers or breaks the line, and of bounded length. */
export const oneLine = (text: string, most: number): string =>
  text
    .slice(0, 4 * most)
    .replace(steering, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, most)
