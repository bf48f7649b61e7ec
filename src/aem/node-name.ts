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
  let source = ''
  for (const [token] of name.matchAll(/\\.|./gsu)) {
    if (token === '*') {
      predicate += '*'
      source += '.*'
      continue
    }
    const literal = token.length > 1 && token.startsWith('\\') ? token.slice(1) : token
    if (forbidden.test(literal)) return undefined
    predicate += literal.replace(special, '?')
    source += literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  }
  const pattern = new RegExp(`^${source}$`, 'su')
  return { predicate, matches: (text) => pattern.test(text) }
}
