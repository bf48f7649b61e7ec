/** One link of a Link header. */
type Link = { target: string; relations: readonly string[] }

// One token each, from where the last one ended: an expression for a whole link takes 2 to the number of parameters.
const targetPattern = /\s*<([^>]*)>/y
const parameterPattern = /\s*;\s*([^\s=;,"]+)/y
const valuePattern = /\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/y
/** The comma before the next link, or the end. */
const endPattern = /\s*(?:,|$)/y

/**
 * The target of the first link with a relation in a Link header (RFC 8288), which may hold several links.
 * @returns the target as it stands there, often relative; undefined when there is none or the header is no such list
 */
export function linkTarget(header: string | undefined, relation: string): string | undefined {
  return parseLinks(header ?? '').find(({ relations }) => relations.includes(relation))?.target
}

function parseLinks(header: string): readonly Link[] {
  const links: Link[] = []
  let at = 0
  while (at < header.length) {
    const target = take(targetPattern)
    if (target === undefined) return []
    let relations: readonly string[] | undefined
    for (let name = take(parameterPattern); name !== undefined; name = take(parameterPattern)) {
      const value = take(valuePattern)
      // The first `rel` counts.
      if (name[1]?.toLowerCase() === 'rel') relations ??= relationsOf(value)
    }
    if (take(endPattern) === undefined) return []
    links.push({ target: (target[1] ?? '').trim(), relations: relations ?? [] })
  }
  return links

  function take(token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = at
    const match = token.exec(header)
    if (match === null) return undefined
    at = token.lastIndex
    return match
  }
}

/** It may name several relations, in any case. */
function relationsOf(value: RegExpExecArray | undefined): readonly string[] {
  const [, quoted, bare] = value ?? []
  return (quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((it) => it !== '')
}
