import { isXml } from './vault-xml'

/**
 * Why a metadata property cannot be named in AEM's files; undefined when it can. `/ : [ ] | *` are in no name (JCR 2.0,
 * section 3.2.2), `..` would lead a form to another node, and a form takes what follows `@` as a hint.
 */
export function propertyProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it is no name'
  if (!name.isWellFormed() || [...name].some((character) => !isXml(character) || character < ' '))
    return 'it has characters that no file of AEM can hold'
  if (/[/[\]|*]/.test(name)) return 'the repository has no names with / [ ] | *'
  if (/@/.test(name)) return 'a form cannot write a name with @'
  if (name !== name.trim()) return 'it begins or ends with a space'
  if (name.startsWith('{') || !/^[^:]+(:[^:]+)?$/.test(name)) return 'its prefix is none'
  return undefined
}

/** A property of the asset, seen from the asset. */
export const metadataPath = (name: string): string => `jcr:content/metadata/${name}`

/**
 * Names for nodes, each once: letters, digits and hyphens of the text behind the prefix. They need no escape in XML or
 * in the repository.
 */
export function nodeNames(prefix: string): (text: string) => string {
  const taken = new Set<string>()
  return (text) => {
    const base = `${prefix}-${text.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')}`
    let name = base
    for (let count = 2; taken.has(name); count++) name = `${base}-${count}`
    taken.add(name)
    return name
  }
}
