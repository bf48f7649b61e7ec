import type { InputDeclaration } from '../../src/plugin/inputs'
import type { InputGroup } from './groups'
import { requirementOf } from './requirement'

const head = `<!-- Written by \`npm run generate\`. Do not edit: inputs are declared where they are read. -->

# Configuration

What depends on an installation comes as inputs: the keys of \`.env\`. What you decide once for all stands in
\`config/\`:

| file | says |
|---|---|
| \`config/enrichment.ts\` | which PIMs there are, how an asset finds its products, and what is written ([enrich.md](enrich.md)) |
| \`config/destinations.ts\` | which destinations there are, and what is copied where ([export.md](export.md)) |
| \`config/deployment.ts\` | when the jobs run, and limits of the actions: \`alarms\`, \`limits\`, \`runtime\`, \`includeImsCredentials\`; and which hosts besides Adobe's may be an author: \`authorHosts\` |

## Inputs

They are bound in \`ext.config.yaml\` when the app is deployed. An empty one, one that is missing, and \`$NAME\` itself
(which \`aio app dev\` hands over) all mean *not set*. URLs begin with \`https://\`; \`http://\` works for this machine only.
An action whose inputs are not set or wrong answers \`INPUT_INVALID\`, and names all of them.

An input of your own is declared in \`config/\`, with the communicator or destination that reads it
([how](connectors/writing-a-pim.md)). A connector that is used twice has the inputs of the second one under a prefix of
their own: \`archive: s3({ inputs: 'ARCHIVE_S3' })\` reads \`ARCHIVE_S3_BUCKET\` and so on.

After a change in \`config/\`, run \`npm run generate\`: it writes \`ext.config.yaml\` and \`.env.example\`, where your own
inputs are described. This page shows those of the app as it comes.
`

const tail = `
\`npx aio app use\` writes the credential of the workspace to \`.env\` as \`IMS_OAUTH_S2S_*\`. It is taken where the
\`ADC_CECREDENTIALS_*\` input of the same meaning is not set.

Instead of the \`ADC_CECREDENTIALS_*\` inputs the actions can have the annotation \`include-ims-credentials\`: set
\`includeImsCredentials: true\` in \`config/deployment.ts\`. Inputs that are set win over it.
`

/** The text of docs/configuration.md. */
export const configurationPage = (groups: readonly InputGroup[]): string =>
  [head, ...groups.map(section), tail].join('\n')

function section(group: InputGroup): string {
  const { heading, about, docs, inputs, shared } = group
  const also =
    shared.length === 0
      ? undefined
      : `It reads these, too: ${shared.map((name) => `\`${name}\``).join(', ')}.`
  const page = docs === undefined ? undefined : `See [${docs}](${docs.replace(/^docs\//, '')}).`
  const intro = [about, also, page].filter((part) => part !== undefined).join(' ')
  return [
    `### ${heading}`,
    '',
    ...(intro === '' ? [] : [intro, '']),
    '| input | default | secret | meaning |',
    '|---|---|---|---|',
    ...Object.entries(inputs).map(([name, declaration]) => row(name, declaration, group)),
    '',
  ].join('\n')
}

function row(name: string, declaration: InputDeclaration, { need }: InputGroup): string {
  const { meaning, default: usual, unset, example, secret, cliOnly } = declaration
  const requirement = requirementOf(declaration, need)?.replace(/^R/, 'r')
  const without = usual === undefined ? unset : `\`${usual}\``
  const cells = [
    `\`${name}\``,
    [requirement, without].filter((part) => part !== undefined).join('; '),
    secret ? '**yes**' : 'no',
    [
      meaning,
      example === undefined ? undefined : `Example: \`${example}\`.`,
      cliOnly ? 'Only the command line reads it.' : undefined,
    ]
      .filter((part) => part !== undefined)
      .join(' '),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
