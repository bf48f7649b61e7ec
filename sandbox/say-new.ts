import { encodePath } from './front-door'
import type { Paint } from './print'
import type { Sandbox } from './sandbox'

/** What somebody does next whose workspace has nothing deployed and nothing registered. */
export const explainNew = (
  { aem, folder, workspace }: Sandbox,
  { port, asset, paint }: { port: number; asset: string; paint: Paint },
): string => {
  const door = `http://127.0.0.1:${port}`
  const path = encodePath(asset)
  const env = workspace.name.toLowerCase()
  return [
    `${paint.bold(`The sandbox is running: the workspace ${workspace.name}, with nothing deployed.`)} Ctrl-C ends it.\n`,
    'What setup asks for:',
    `  AEM author          ${aem.url}`,
    '  PIM                 mock',
    '  destinations        folder',
    `  FOLDER_ROOT         ${folder.root}\n`,
    'In a second terminal, take the credential and the addresses, then set up and deploy:',
    `  eval "$(curl -s ${door}/env)"`,
    `  npx bridge setup --env ${env}`,
    `  npm run deploy -- --env ${env}\n`,
    'Upload an asset, and see its metadata:',
    `  curl -s -X POST '${door}/upload?path=${path}'`,
    `  curl -s '${door}/assets?path=${path}'\n`,
    'Publish it, and see it arrive:',
    `  curl -s -X POST '${door}/publish?path=${path}'`,
    `  curl -s '${door}/exported'\n`,
    'Publish it where push misses it, and have the alarm find it in the journal:',
    `  curl -s -X POST '${door}/publish?path=${path}&push=no'`,
    `  curl -s -X POST '${door}/alarm'\n`,
  ].join('\n')
}
