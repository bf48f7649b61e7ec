import type { JsonObject } from '../json'
import { type Answer, json, problem } from '../server'

/** A node as its JSON rendering shows it without its children. */
export type SlingNode = JsonObject & { 'jcr:primaryType': string }

/**
 * Answers `<path>.json` as Sling does. Where nothing stands at the path, its name is cut at each dot from the right:
 * what is found then is rendered, and the rest are selectors. The last of them is the depth; any other word is 400.
 * A folder that is rendered deep has too many nodes, as in any real repository: 300.
 * Source: Apache Sling, `ResourcePathIterator` and `JsonRenderer` of the GET servlet.
 */
export const slingJson = (path: string, nodeAt: (path: string) => SlingNode | undefined): Answer => {
  const lastSlash = path.lastIndexOf('/')
  for (let end = path.length; end > lastSlash + 1; end = path.lastIndexOf('.', end - 1)) {
    const node = nodeAt(path.slice(0, end))
    if (node !== undefined) return render(node, path.slice(end).split('.').slice(1))
  }
  return problem(404, `No resource at ${path}`)
}

const render = (node: SlingNode, selectors: readonly string[]): Answer => {
  const last = selectors.at(-1) ?? '0'
  const depth =
    last === 'infinity' ? Number.POSITIVE_INFINITY : Number(/^-?\d+$/.test(last) ? last : Number.NaN)
  if (Number.isNaN(depth) && last !== 'tidy' && last !== 'harray' && last.trim() !== '')
    return problem(400, `Invalid recursion selector value '${last}'`)
  if (depth > 1 && node['jcr:primaryType'] !== 'dam:Asset')
    return json(300, ['/depth.1.json', '/depth.0.json'])
  return json(200, node)
}
