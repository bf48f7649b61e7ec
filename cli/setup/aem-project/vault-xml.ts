/** A node of the repository, as a content package's source has it. */
export type VaultNode = {
  /** A qualified name that is a name of XML as well. */
  name: string
  properties: Readonly<Record<string, string | number | boolean>>
  children?: readonly VaultNode[]
}

const namespaces = {
  cq: 'http://www.day.com/jcr/cq/1.0',
  dam: 'http://www.day.com/dam/1.0',
  granite: 'http://www.adobe.com/jcr/granite/1.0',
  jcr: 'http://www.jcp.org/jcr/1.0',
  nt: 'http://www.jcp.org/jcr/nt/1.0',
  oak: 'http://jackrabbit.apache.org/oak/ns/1.0',
  sling: 'http://sling.apache.org/jcr/sling/1.0',
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
const indent = '    '

/**
 * A `.content.xml` of a content package. Source: the document view of Jackrabbit FileVault, where `{Boolean}true` and
 * `{Long}1` are typed values.
 * @param comment stands above the node; without two hyphens in a row, which would end it
 */
export function contentXml(root: Omit<VaultNode, 'name'>, comment?: string): string {
  const properties = {
    ...Object.fromEntries(Object.entries(namespaces).map(([prefix, uri]) => [`xmlns:${prefix}`, uri])),
    ...root.properties,
  }
  const note = comment === undefined ? '' : `<!--\n${comment}\n-->\n`
  return `${declaration}${note}${element({ ...root, name: 'jcr:root', properties }, '')}`
}

/** A `META-INF/vault/filter.xml`: the package holds what is at and below these paths. */
export const filterXml = (...roots: readonly string[]): string =>
  [
    `${declaration}<workspaceFilter version="1.0">`,
    ...roots.map((root) => `${indent}<filter root="${escaped(root)}"/>`),
    '</workspaceFilter>\n',
  ].join('\n')

function element({ name, properties, children = [] }: VaultNode, margin: string): string {
  const attributes = Object.entries(properties)
    .map(([key, value]) => `\n${margin}${indent}${key}="${escaped(propertyText(value))}"`)
    .join('')
  const open = `${margin}<${name}${attributes}`
  if (children.length === 0) return `${open}/>\n`
  const inner = children.map((child) => element(child, `${margin}${indent}`)).join('')
  return `${open}>\n${inner}${margin}</${name}>\n`
}

function propertyText(value: string | number | boolean): string {
  if (typeof value === 'boolean') return `{Boolean}${value}`
  if (typeof value === 'number') return `{Long}${value}`
  // A brace or a bracket at the beginning would be a type, or a list of values.
  return value.replaceAll('\\', '\\\\').replace(/^[{[]/, '\\$&')
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

const escaped = (text: string): string =>
  [...text.toWellFormed()]
    .map((character) => (isXml(character) ? (references[character] ?? character) : '\u{fffd}'))
    .join('')

/** The text of a property, from the value of an attribute as `contentXml` writes it. */
export const propertyOf = (value: string): string =>
  Object.entries(references)
    .toReversed()
    .reduce((text, [character, reference]) => text.replaceAll(reference, character), value)
    .replace(/\\(.)/gs, '$1')

/** Whether XML 1.0 has the character at all (section 2.2). */
export const isXml = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0
  return code >= 0x20
    ? code !== 0xfffe && code !== 0xffff && !(code >= 0xd800 && code < 0xe000)
    : /[\t\n\r]/.test(character)
}
