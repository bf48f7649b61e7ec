import { configurationPage } from './configuration-page'
import { type Configuration, ownConfiguration, sampleConfiguration } from './configurations'
import { declaredList } from './declared-list'
import { envExample } from './env-example'
import { extConfig } from './ext-config'
import { inputGroups } from './groups'

/** What is generated: paths below the root, and their texts. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await ownFiles(ownConfiguration)), ...(await sampleFiles(sampleConfiguration))])
}

/** What is deployed, and how it is set up: they follow `config/`. */
async function ownFiles(own: Configuration): Promise<[string, string][]> {
  const groups = await inputGroups(own)
  return [
    ['ext.config.yaml', extConfig(groups, own.deployment)],
    ['.env.example', envExample(groups)],
    ['src/inputs/declared.ts', declaredList(groups, own.deployment)],
  ]
}

/** The app's own page, and what tests and demonstrations run on: no change in `config/` reaches them. */
async function sampleFiles(sample: Configuration): Promise<[string, string][]> {
  const groups = await inputGroups(sample)
  return [
    ['docs/configuration.md', configurationPage(groups)],
    ['sample-config/ext.config.yaml', extConfig(groups, sample.deployment)],
    ['sample-config/declared-inputs.ts', declaredList(groups, sample.deployment)],
  ]
}
