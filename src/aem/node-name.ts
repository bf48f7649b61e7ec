/** A pattern of names, as AEM is asked for it and as what AEM finds is judged. */
export type NamePattern = {
  /** For the predicate `nodename` of QueryBuilder: it may find more. */
  predicate: string
  matches(name: string): boolean
}

/** In no node name at all. Source: JCR 2.0, section 3.2.2. */
const forbidden = /[/[\]|*]/
/**
 * What `nodename` takes for wildcards (`?`, and `%` and `_` of the LIKE behind it), and what may end its text too early.
 * One of any character stands for each. Source: Adobe's reference of QueryBuilder predicates.
 */
const special = /[?%_'"\\]/g

/**
 * Reads a name of an `AssetQuery`: a star stands for any text, a backslash takes the meaning of what follows.
 * @returns undefined when no node can have such a name
 */
export function parseNamePattern(name: string): NamePattern | undefined {
  let predicate = ''
  /** The texts between the stars. */
  const parts: string[] = []
  let part = ''
  for (const [token] of name.matchAll(/\\.|./gsu)) {
    if (token === '*') {
      predicate += '*'
      parts.push(part)
      part = ''
      continue
    }
    const literal = token.length > 1 && token.startsWith('\\') ? token.slice(1) : token
    if (forbidden.test(literal)) return undefined
    predicate += literal.replace(special, '?')
    part += literal
  }
  return { predicate, matches: (text) => isMatch(text, parts, part) }
}

/**
 * Tells whether the parts follow each other in the text, with anything between them, and `last` ends it.
 * @param parts the first one begins the text
 */
export function isMatch(text: string, parts: readonly string[], last: string): boolean {
  const [first, ...middle] = parts
  if (first === undefined) return text === last
  if (!text.startsWith(first)) return false
  let end = first.length
  for (const part of middle) {
    const at = text.indexOf(part, end)
    if (at < 0) return false
    end = at + part.length
  }
  return text.length - last.length >= end && text.endsWith(last)
}
