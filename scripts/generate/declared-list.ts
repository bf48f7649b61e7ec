import type { Deployment } from '../../src/plugin/deployment'
import type { InputDeclaration } from '../../src/plugin/inputs'
import { declarationsOf, type InputGroup } from './groups'

/** The text of src/inputs/declared.ts: what of the declarations and of config/deployment.ts an action has to know. */
export function declaredList(groups: readonly InputGroup[], { authorHosts = [] }: Deployment): string {
  const all = declarationsOf(groups)
  const names = (isOne: (declaration: InputDeclaration) => boolean): string[] =>
    all.flatMap(([name, declaration]) => (isOne(declaration) ? [name] : [])).sort()
  return `// Written by \`npm run generate\` from the declarations of inputs and config/deployment.ts. Do not edit.

/** Inputs whose values must never be seen. */
export const secretInputs = [
${lines(names(({ secret = false }) => secret))}] as const

/** All others. */
export const plainInputs = [
${lines(names(({ secret = false }) => !secret))}] as const

/** Those of both lists that only the command line reads: an action takes none of them. */
${list(
  'commandLineInputs',
  names(({ cliOnly = false }) => cliOnly),
)}

/** Hosts of authors besides those of AEM as a Cloud Service. */
${list('authorHosts', authorHosts)}
`
}

const lines = (items: readonly string[]): string => items.map((item) => `  '${item}',\n`).join('')

/** As the formatter leaves it: on one line where it fits. */
function list(name: string, items: readonly string[]): string {
  const begin = `export const ${name}: readonly string[] = [`
  const onOneLine = `${begin}${items.map((item) => `'${item}'`).join(', ')}]`
  return onOneLine.length <= 110 ? onOneLine : `${begin}\n${lines(items)}]`
}
