/** One link of a Link header. */
type Link = { target: string; relations: readonly string[] }

/** `<target>` with its parameters, up to the next comma outside of quotes. */
const linkPattern =
  /\s*<([^>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)\s*(?:,|$)/y
const parameterPattern = /;\s*([^\s=;,"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/g

/**
 * The target of the first link with a relation in a Link header (RFC 8288), which may hold several links.
 * @returns the target as it stands there, often relative; undefined when there is none or the header is no such list
 */
export function linkTarget(header: string | undefined, relation: string): string | undefined {
  return parseLinks(header ?? '').find(({ relations }) => relations.includes(relation))?.target
}

function parseLinks(header: string): readonly Link[] {
  const links: Link[] = []
  linkPattern.lastIndex = 0
  while (linkPattern.lastIndex < header.length) {
    const match = linkPattern.exec(header)
    if (match === null) return []
    const [, target = '', parameters = ''] = match
    links.push({ target: target.trim(), relations: relationsOf(parameters) })
  }
  return links
}

/** The first `rel` counts; it may name several relations, in any case. */
function relationsOf(parameters: string): readonly string[] {
  for (const [, name = '', quoted, bare] of parameters.matchAll(parameterPattern)) {
    if (name.toLowerCase() !== 'rel') continue
    return (quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '')
      .toLowerCase()
      .split(/\s+/)
      .filter((it) => it !== '')
  }
  return []
}
