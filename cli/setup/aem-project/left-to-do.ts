import type { WrittenProperties } from '../../../src/app/written-properties'
import { shown } from '../../../src/core/shown'
import type { Manual, SetupAnswers } from '../step'
import { environmentType } from './api-yaml'
import { eventProxyFiles } from './event-proxy'
import { propertyProblem } from './property-name'
import { indexFolder, schemaFolder } from './readme'
import { isExpressible, outermost, repoinitName, rights, serviceGroup } from './repoinit'

const osgi = (env: string): string =>
  `AEM project > ui.config > osgiconfig/config.author.${environmentType(env)}; then Cloud Manager > Pipelines > the full-stack pipeline`
const schemas = 'AEM > Tools > Assets > Metadata Schemas > Asset bridge'

/** What a person does with the files, and what could not be written into them. */
export function leftToDo(
  answers: SetupAnswers,
  {
    written,
    folder,
    hasClientId,
    tell,
  }: {
    written: WrittenProperties
    folder: string
    hasClientId: boolean
    /** Takes secrets out of a message. */
    tell(text: string): string
  },
): readonly Manual[] {
  const item = (what: string, where: string, file?: string): Manual => ({
    kind: 'manual',
    what: tell(what),
    where,
    ...(file === undefined ? {} : { file: `${folder}/${file}` }),
  })
  const folders = outermost(answers.folders)
  return [
    hasClientId
      ? item(
          `let the client id in: commit api.yaml and run the configuration pipeline of ${answers.env}, whose type should be ${environmentType(answers.env)}`,
          'Cloud Manager > Pipelines > Add Pipeline > Targeted Deployment > Config',
          'api.yaml',
        )
      : item(
          'get the client id, which api.yaml lists, and run setup again',
          'Developer Console > the project > the workspace > OAuth Server-to-Server; then npx aio app use',
        ),
    ...(folders.some(isExpressible)
      ? [item('grant the rights: commit the repoinit script and deploy it', osgi(answers.env), repoinitName)]
      : []),
    ...folders
      .filter((path) => !isExpressible(path))
      .map((path) =>
        item(
          `grant ${rights.join(', ')} on ${shown(path, 300)} to ${serviceGroup}: repoinit cannot name this folder`,
          'AEM > Tools > Security > Permissions',
        ),
      ),
    ...(answers.eventProxy === true
      ? Object.keys(eventProxyFiles()).map((name) =>
          item(
            'have the event proxy send the event: commit its configuration and deploy it',
            osgi(answers.env),
            name,
          ),
        )
      : []),
    item(
      'show the properties: commit the metadata schema and deploy it',
      'AEM project > ui.content; then Cloud Manager > Pipelines > the full-stack pipeline',
      schemaFolder,
    ),
    ...answers.folders.map((path) =>
      item(
        `apply the metadata schema "Asset bridge" to ${shown(path, 300)}, or copy its tab into the schema that the folder has`,
        'AEM > Assets > Files > the folder > Properties > Metadata Schema',
      ),
    ),
    ...fieldsToAdd(written).map((what) => item(what, schemas)),
    item(
      'make the searches fast: add the properties to a copy of the current damAssetLucene and deploy that',
      'AEM project > ui.apps > _oak_index; then Cloud Manager > Pipelines > the full-stack pipeline',
      indexFolder,
    ),
  ]
}

function fieldsToAdd({ properties, hasMore, problem }: WrittenProperties): readonly string[] {
  const refused = properties.flatMap(({ name }) => {
    const why = propertyProblem(name)
    return why === undefined
      ? []
      : [`rename ${shown(name)} in config/enrichment.ts, which has no field: ${why}`]
  })
  if (!hasMore) return refused
  const why =
    problem === undefined ? 'some products tell only a part' : `the PIM did not tell (${problem.message})`
  return [
    ...refused,
    `add a field for each further attribute that everyAttribute in config/enrichment.ts writes: ${why}`,
  ]
}
