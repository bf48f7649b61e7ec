import deployment from '../../config/deployment'
import { configurationPage } from './configuration-page'
import { declaredList } from './declared-list'
import { envExample } from './env-example'
import { extConfig } from './ext-config'
import { inputGroups } from './groups'

/** What is generated: paths below the root, and their texts. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const groups = await inputGroups()
  return new Map([
    ['ext.config.yaml', extConfig(groups, deployment)],
    ['.env.example', envExample(groups)],
    ['docs/configuration.md', configurationPage(groups)],
    ['src/inputs/declared.ts', declaredList(groups)],
  ])
}
