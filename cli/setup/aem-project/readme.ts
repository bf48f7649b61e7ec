import { environmentType } from './api-yaml'
import { repoinitName } from './repoinit'

/** The folders of the two packages' sources, in that of the AEM project's files. */
export const schemaFolder = 'metadata-schema'
export const indexFolder = 'oak-index'

const mark = (env: string): string => `<!-- environment: ${env} -->`

/** The environment whose files stand in a folder, as its README tells; undefined when that tells none. */
export const environmentOf = (readme: string): string | undefined =>
  /^<!-- environment: (.+) -->$/m.exec(readme)?.[1]

/** What each file is for, and where it goes in the AEM project. */
export function readme(env: string, eventProxy: boolean): string {
  const runModes = `config.author.${environmentType(env)}`
  const proxy = eventProxy
    ? [
        `| \`com.adobe.aio.…asset_published.cfg.json\`, \`…asset_unpublished.cfg.json\` | \`ui.config\`, folder \`osgiconfig/${runModes}\` | full-stack |`,
      ]
    : []
  return [
    mark(env),
    '# For your AEM project',
    '',
    `\`npx bridge setup --env ${env}\` writes these files. Do not edit them here: it writes them again. Copy them into the`,
    'repository of your AEM project, and run the pipeline in Cloud Manager. None of them holds a secret.',
    '',
    '| file | where it goes in the AEM project | pipeline |',
    '|---|---|---|',
    `| \`api.yaml\` | \`config/${env}\`, the folder that the configuration pipeline of this environment (${environmentType(env)}) deploys | configuration |`,
    `| \`${repoinitName}\` | \`ui.config\`, folder \`osgiconfig/${runModes}\` | full-stack |`,
    ...proxy,
    `| \`${schemaFolder}/\` | \`ui.content\`: what is in \`jcr_root\`, and the line of \`filter.xml\` | full-stack |`,
    `| \`${indexFolder}/\` | \`ui.apps\`: its properties, in a copy of your current \`damAssetLucene\` | full-stack |`,
    '',
    'Where the packages of two environments differ, take those of Production: AEM has one of each for all environments.',
    '`docs/aem-project.md` of the asset bridge tells what each is, and how to check it.',
    '',
  ].join('\n')
}
