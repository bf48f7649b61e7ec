import type { InputDeclaration } from '../../src/plugin/inputs'
import type { InputGroup } from './groups'
import { requirementOf } from './requirement'

const width = 118

const head = `# Written by \`npm run generate\`. Copy this file to .env and fill it in. .env is not committed: it holds secrets.
# The values become inputs of the actions when the app is deployed (ext.config.yaml). Empty or commented out means
# "not set"; a value that is commented out is the default. Put a value into double quotes when it holds a blank, a # or a
# line break, and write the line break as \\n: \`aio app use\` cuts values of several lines. \`aio app deploy\` changes a
# value that holds $$, $& or a $ before a quote.

# ---- Adobe I/O Runtime ----------------------------------------------------------------------------------------------
# AIO_runtime_namespace and AIO_runtime_auth are not set by hand: \`npx aio app use <workspace file> --merge\` adds them
# to this file, and the credential as IMS_OAUTH_S2S_*. \`npx aio app deploy\` and \`npm run bridge\` need them.
`

/** The text of .env.example. */
export const envExample = (groups: readonly InputGroup[]): string => [head, ...groups.map(section)].join('\n')

function section(group: InputGroup): string {
  const { heading, about, docs, inputs, shared } = group
  const also = shared.length === 0 ? undefined : `It reads these, too: ${shared.join(', ')}.`
  const title = `# ---- ${heading}${docs === undefined ? '' : ` (${docs})`} `
  return [
    title.padEnd(width, '-'),
    ...comment([about, also]),
    ...(about === undefined && also === undefined ? [] : ['']),
    ...Object.entries(inputs).flatMap(([name, declaration]) => [
      ...comment(sentences(declaration, group)),
      ...(declaration.example === undefined ? [] : [`# Example: ${declaration.example}`]),
      lineOf(name, declaration, group),
      '',
    ]),
  ].join('\n')
}

function sentences(declaration: InputDeclaration, { need }: InputGroup): (string | undefined)[] {
  const { meaning, unset, secret, cliOnly } = declaration
  const requirement = requirementOf(declaration, need)
  return [
    secret ? 'Secret.' : undefined,
    requirement === undefined ? undefined : `${requirement}.`,
    meaning,
    unset === undefined ? undefined : `Default: ${unset}.`,
    cliOnly ? 'Only the command line reads it.' : undefined,
  ]
}

/** What everybody has to set is not commented out. */
const lineOf = (
  name: string,
  { required, unless, default: usual = '' }: InputDeclaration,
  group: InputGroup,
): string =>
  required === true && unless === undefined && group.need === 'always' ? `${name}=` : `# ${name}=${usual}`

/** Sentences as lines of a comment. */
function comment(parts: readonly (string | undefined)[]): string[] {
  const words = parts
    .filter((part) => part !== undefined)
    .join(' ')
    .replaceAll('`', '')
    .split(' ')
    .filter((word) => word !== '')
  const lines: string[] = []
  let line = '#'
  for (const word of words) {
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return line === '#' ? lines : [...lines, line]
}
