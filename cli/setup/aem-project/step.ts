import { join } from 'node:path'
import { type WrittenProperties, writtenProperties } from '../../../src/app/written-properties'
import type { SetupAnswers, SetupContext, SetupItem, SetupStep } from '../step'
import { keepFile, textOf } from '../written-file'
import { apiYaml } from './api-yaml'
import { eventProxyFiles } from './event-proxy'
import { indexFragment } from './index-fragment'
import { leftToDo } from './left-to-do'
import { fieldsIn, schemaFile, schemaPackage } from './metadata-schema'
import { propertyProblem } from './property-name'
import { environmentOf, indexFolder, readme, schemaFolder } from './readme'
import { isExpressible, outermost, repoinit, repoinitName } from './repoinit'

/**
 * Writes what the AEM project of an environment needs, below `aem/`: see docs/aem-project.md. The environment that is set
 * up first has `aem/` itself, any other one `aem/<name>/`; the README there remembers whose it is.
 */
export const aemProject: SetupStep = { name: 'files for the AEM project', run }

async function run(answers: SetupAnswers, context: SetupContext): Promise<readonly SetupItem[]> {
  const folder = await folderFor(answers.env, context.root)
  const { environment } = context
  const inputs = { ...environment.inputs, PIM_COMMUNICATOR: answers.pim }
  const written = await writtenProperties(
    { ...environment, inputs, call: environment.call(), action: 'setup' },
    fieldsIn((await textOf(join(context.root, folder, schemaFolder, schemaFile))) ?? ''),
  )
  const clientId = environment.inputs.ADC_CECREDENTIALS_CLIENTID
  const items: SetupItem[] = []
  for (const [name, text] of Object.entries(filesFor(answers, written, clientId)))
    items.push(await keepFile(`${folder}/${name}`, text, context))
  const tell = (text: string): string => environment.redactor.text(text)
  return [...items, ...leftToDo(answers, { written, folder, hasClientId: clientId !== undefined, tell })]
}

/** Its README comes first: it claims the folder. */
const filesFor = (
  answers: SetupAnswers,
  written: WrittenProperties,
  clientId: string | undefined,
): Readonly<Record<string, string>> => ({
  'README.md': readme(answers.env, answers.eventProxy === true),
  ...(clientId === undefined ? {} : { 'api.yaml': apiYaml(answers.env, clientId) }),
  [repoinitName]: repoinit(outermost(answers.folders).filter(isExpressible)),
  ...(answers.eventProxy === true ? eventProxyFiles() : {}),
  ...inFolder(
    schemaFolder,
    schemaPackage(
      written.properties.filter(({ name }) => propertyProblem(name) === undefined),
      answers.destinations,
    ),
  ),
  ...inFolder(indexFolder, {
    'jcr_root/_oak_index/damAssetLucene-N-custom-M/.content.xml': indexFragment(
      written.searched.filter((name) => propertyProblem(name) === undefined),
    ),
  }),
})

const inFolder = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]))

async function folderFor(env: string, root: string): Promise<string> {
  const text = await textOf(join(root, 'aem/README.md'))
  return text === undefined || environmentOf(text) === env ? 'aem' : `aem/${env}`
}
