import { metadataPath, nodeNames } from './property-name'
import { contentXml, type VaultNode } from './vault-xml'

const note = `A part of an index definition, which is no index by itself. Copy the definition of the current damAssetLucene of
your environment as damAssetLucene-N-custom-M, and add the properties below to those of dam:Asset there, each one whose
name is not there yet.`

/** What a search for the library, and one for changes that no event told, goes by; a product of Adobe's may have them already. */
const dates = {
  jcrCreated: 'jcr:created',
  jcrLastModified: 'jcr:content/jcr:lastModified',
  cqLastReplicated: 'jcr:content/cq:lastReplicated',
}

/**
 * The properties that an Oak index of `dam:Asset` needs for this app's searches. The root is no `oak:QueryIndexDefinition`,
 * so that Oak makes no index of it even where it is deployed as it is: under the name of a customised `damAssetLucene` that
 * would take the place of Adobe's, and AEM would find nothing else.
 * @param searched metadata properties, each of a name that AEM takes
 */
export function indexFragment(searched: readonly string[]): string {
  const nodeName = nodeNames('assetBridge')
  return contentXml(
    {
      properties: unstructured,
      children: [
        inside('indexRules', [
          inside('dam:Asset', [
            inside('properties', [
              ...searched.map(
                (name): VaultNode => ({
                  name: nodeName(name),
                  properties: { ...unstructured, name: metadataPath(name), propertyIndex: true },
                }),
              ),
              ...Object.entries(dates).map(
                ([node, name]): VaultNode => ({
                  name: node,
                  properties: { ...unstructured, name, ordered: true, propertyIndex: true, type: 'Date' },
                }),
              ),
            ]),
          ]),
        ]),
      ],
    },
    note,
  )
}

const unstructured = { 'jcr:primaryType': 'nt:unstructured' }

const inside = (name: string, children: readonly VaultNode[]): VaultNode => ({
  name,
  properties: unstructured,
  children,
})
