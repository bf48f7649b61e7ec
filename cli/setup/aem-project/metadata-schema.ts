import type { WrittenProperty } from '../../../src/app/written-properties'
import { metadataPath, nodeNames } from './property-name'
import { contentXml, filterXml, propertyOf, type VaultNode } from './vault-xml'

/** Where the schema is in the package's source. */
export const schemaFile =
  'jcr_root/conf/global/settings/dam/adminui-extension/metadataschema/asset-bridge/.content.xml'
const schemaPath = '/conf/global/settings/dam/adminui-extension/metadataschema/asset-bridge'

const unstructured = { 'jcr:primaryType': 'nt:unstructured' }
const container = {
  ...unstructured,
  'sling:resourceType': 'granite/ui/components/coral/foundation/container',
}
const formFields = 'granite/ui/components/coral/foundation/form'

/** AEM tells tabs apart by it. */
const tabId = 'c608afc4-d7b2-46d6-a8d0-d45b8b995013'

/**
 * The metadata schema: one tab, a field for each property, and the fields of exports where there is a destination.
 * Source: the schemas that AEM's own editor writes below `/conf`.
 * @param properties each has a name that AEM takes
 * @returns the files of the package's source by their paths in it
 */
export function schemaPackage(
  properties: readonly WrittenProperty[],
  destinations: readonly string[],
): Readonly<Record<string, string>> {
  return {
    'META-INF/vault/filter.xml': filterXml(schemaPath),
    [schemaFile]: contentXml({
      properties: { 'jcr:primaryType': 'sling:OrderedFolder', 'jcr:title': 'Asset bridge' },
      children: [
        items([
          {
            name: 'tabs',
            properties: {
              ...unstructured,
              'sling:resourceType': 'granite/ui/components/coral/foundation/tabs',
              size: 'L',
            },
            children: [items([tab(allFields(properties, destinations))])],
          },
        ]),
      ],
    }),
  }
}

/** The properties that the schema of an earlier run has fields for. */
export const fieldsIn = (xml: string): readonly WrittenProperty[] =>
  [...xml.matchAll(/cq-msm-lockable="([^"]*)"\s+metaType="(\w+)"/g)].flatMap(([, place = '', metaType]) => {
    const [, name] = /^\.\/metadata\/(.+)$/s.exec(propertyOf(place)) ?? []
    return name === undefined ? [] : [{ name, isMultiple: metaType === 'mvtext' }]
  })

const items = (children: readonly VaultNode[]): VaultNode => ({
  name: 'items',
  properties: unstructured,
  children,
})

const tab = (fields: readonly VaultNode[]): VaultNode => ({
  name: 'tab1',
  properties: {
    ...container,
    'granite:rel': 'aem-assets-metadata-form-tab',
    'jcr:title': 'Product',
    listOrder: '0',
  },
  children: [
    { name: 'granite:data', properties: { ...unstructured, tabid: tabId } },
    items([
      {
        name: 'col1',
        properties: { ...container, 'granite:rel': 'aem-assets-metadata-form-column', listOrder: '0' },
        children: [items(fields)],
      },
    ]),
  ],
})

/** A mapping may write what exports go by: it has one field all the same. */
function allFields(
  properties: readonly WrittenProperty[],
  destinations: readonly string[],
): readonly VaultNode[] {
  const ofExports = exportFields(destinations)
  const names = new Set(ofExports.map(({ name }) => name))
  return [...fieldsOf(properties.filter(({ name }) => !names.has(name))), ...ofExports]
}

function fieldsOf(properties: readonly WrittenProperty[]): readonly VaultNode[] {
  const nodeName = nodeNames('field')
  return properties.map(({ name, type, isMultiple }) =>
    isMultiple ? severalTexts(nodeName(name), name) : oneText(nodeName(name), name, type),
  )
}

const oneText = (node: string, property: string, type: WrittenProperty['type']): VaultNode => {
  // Without the hint the form would write a number as a text.
  const hint = type === 'integer' ? 'Long' : type === 'number' ? 'Double' : undefined
  return {
    name: node,
    properties: {
      ...field('textfield', property),
      name: formName(property),
      ...(hint === undefined ? {} : { typeHint: hint }),
    },
    children: [data(hint === undefined ? 'text' : 'number', property)],
  }
}

const severalTexts = (node: string, property: string): VaultNode => ({
  name: node,
  properties: field('multifield', property),
  children: [
    data('mvtext', property),
    {
      name: 'field',
      properties: {
        ...unstructured,
        'sling:resourceType': `${formFields}/textfield`,
        name: formName(property),
      },
    },
  ],
})

const oneOf = (
  node: string,
  property: string,
  label: string,
  choices: readonly (readonly [value: string, text: string])[],
): VaultNode => {
  const nodeName = nodeNames('choice')
  return {
    name: node,
    properties: {
      ...field('select', property),
      fieldLabel: label,
      name: formName(property),
      emptyOption: true,
    },
    children: [
      data('dropdown', property),
      items(
        choices.map(([value, text]) => ({
          name: nodeName(value),
          properties: { ...unstructured, text, value },
        })),
      ),
    ],
  }
}

const exportFields = (destinations: readonly string[]): readonly VaultNode[] =>
  destinations.length === 0
    ? []
    : [
        oneOf(
          'exportDestination',
          'exportDestination',
          'Export to',
          destinations.map((name) => [name, name]),
        ),
        oneOf('exportImmediately', 'exportImmediately', 'Export at once', [['yes', 'Yes']]),
      ]

const formName = (property: string): string => `./${metadataPath(property)}`

const field = (kind: string, property: string) => ({
  ...unstructured,
  'sling:resourceType': `${formFields}/${kind}`,
  resourceType: 'dam/gui/components/admin/schemafield',
  fieldLabel: property,
})

const data = (metaType: string, property: string): VaultNode => ({
  name: 'granite:data',
  properties: { ...unstructured, 'cq-msm-lockable': `./metadata/${property}`, metaType },
})
